-- What a sign-in needs to know of claim rules, returned by the statement that finds the person: the active rules of the
-- provider, and all memberships of the person. NULL if neither can matter: there is no such rule, and no rule granted a
-- membership. The function enters the site's scope and restores the caller's.
CREATE FUNCTION claim_rules_at_sign_in(person uuid, through text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    found jsonb;
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT jsonb_build_object('rules', coalesce(offered.rules, '[]'), 'held', coalesce(owned.held, '[]')) INTO found
    FROM (
        SELECT jsonb_agg(jsonb_build_object(
            'id', c.id, 'tenant_id', c.tenant_id, 'role_id', c.role_id, 'claim', c.claim, 'value', c.value,
            'position', c.position
        )) AS rules
        FROM public.accounts_claimrule c JOIN public.accounts_role r ON r.id = c.role_id
        WHERE c.provider = through AND c.is_active AND (r.tenant_id IS NULL OR r.tenant_id = c.tenant_id)
    ) offered, (
        SELECT
            count(m.rule_id) AS given,
            jsonb_agg(jsonb_build_object(
                'id', m.id, 'tenant_id', m.tenant_id, 'role_id', m.role_id, 'rule_id', m.rule_id,
                'is_of_provider', coalesce(c.provider = through, false),
                'stands', coalesce(c.is_active AND c.tenant_id = m.tenant_id AND c.role_id = m.role_id, true),
                'position', coalesce(c.position, 0)
            )) AS held
        FROM public.accounts_membership m LEFT JOIN public.accounts_claimrule c ON c.id = m.rule_id
        WHERE m.user_id = person
    ) owned
    WHERE offered.rules IS NOT NULL OR owned.given > 0;
    PERFORM set_config('app.scope', outer_scope, true);
    RETURN found;
END
$$;

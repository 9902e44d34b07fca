-- A configured issuer of access tokens, with the person whose identity has this subject there, and what that person may
-- use now in the tenant where the issuer's tokens work: that of the issuer, else the person's primary or oldest one.
-- "own" are scopes that need no role. NULL for scopes stands for all of them, which superusers have; they also need no
-- membership. Tokens are read before any context is known, so this reads in the scope of the whole site, and restores
-- the caller's.
CREATE FUNCTION upstream_token_enter(wanted text, known_as text, own text[])
RETURNS TABLE (
    configured public.providers_upstreamissuer, person public.accounts_user, tenant uuid, is_member boolean,
    scopes text[]
) LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    of_role text[];
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT * INTO configured FROM public.providers_upstreamissuer x WHERE x.issuer = wanted;
    IF configured.id IS NOT NULL THEN
        SELECT u.* INTO person FROM public.accounts_identity i JOIN public.accounts_user u ON u.id = i.user_id
        WHERE i.issuer = wanted AND i.subject = known_as;
        SELECT m.tenant_id, r.scopes::text[] INTO tenant, of_role
        FROM public.accounts_membership m JOIN public.accounts_role r ON r.id = m.role_id
        WHERE m.user_id = person.id AND (configured.tenant_id IS NULL OR m.tenant_id = configured.tenant_id)
        ORDER BY m.is_primary DESC, m.created_at, m.id LIMIT 1;
        is_member := FOUND OR configured.tenant_id IS NULL OR coalesce(person.is_superuser, false);
        tenant := coalesce(tenant, configured.tenant_id);
        IF person.is_superuser IS NOT TRUE THEN
            scopes := coalesce(of_role, '{}') || own;
        END IF;
        RETURN NEXT;
    END IF;
    PERFORM set_config('app.scope', outer_scope, true);
END
$$;

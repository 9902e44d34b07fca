-- Everything that a person belongs to, as what. A role of a tenant's own is seen in that tenant's context alone, so
-- each name is read in its own; the transaction is then told again what it was told before. One round trip.
CREATE FUNCTION tenancy_own(person uuid)
RETURNS TABLE (tenant_id uuid, tenant_name text, role_name text, is_primary boolean, created_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    outer_person text := coalesce(current_setting('app.user_id', true), '');
    outer_tenant text := coalesce(current_setting('app.tenant_id', true), '');
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    own record;
BEGIN
    PERFORM set_config('app.user_id', coalesce(person::text, ''), true),
        set_config('app.tenant_id', '', true), set_config('app.scope', '', true);
    FOR own IN
        SELECT m.tenant_id, m.role_id, m.is_primary, m.created_at
        FROM public.accounts_membership m WHERE m.user_id = person
    LOOP
        PERFORM set_config('app.tenant_id', own.tenant_id::text, true);
        RETURN QUERY
        SELECT t.id, t.name::text, r.name::text, own.is_primary, own.created_at
        FROM public.accounts_tenant t, public.accounts_role r
        WHERE t.id = own.tenant_id AND r.id = own.role_id;
    END LOOP;
    PERFORM set_config('app.user_id', outer_person, true),
        set_config('app.tenant_id', outer_tenant, true), set_config('app.scope', outer_scope, true);
END
$$;

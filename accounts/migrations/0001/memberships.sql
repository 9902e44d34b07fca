-- Set this transaction's row-level-security context for a person, and return their active membership: that in the
-- wanted tenant, else the primary one, else the oldest one. Every page needs it, so it takes one round trip. Outside a
-- transaction the context ends with the statement.
CREATE FUNCTION tenancy_enter(person uuid, wanted uuid)
RETURNS TABLE (
    tenant_id uuid, tenant_name text, role_id bigint, role_name text, permissions text[], scopes text[], tenants bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    chosen record;
BEGIN
    PERFORM set_config('app.user_id', coalesce(person::text, ''), true),
        set_config('app.tenant_id', '', true), set_config('app.scope', '', true);
    SELECT m.tenant_id, m.role_id, count(*) OVER () AS tenants INTO chosen
    FROM public.accounts_membership m WHERE m.user_id = person
    ORDER BY coalesce(m.tenant_id = wanted, false) DESC, m.is_primary DESC, m.created_at, m.id LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM set_config('app.tenant_id', chosen.tenant_id::text, true);
    RETURN QUERY
    SELECT
        t.id, t.name::text, r.id, r.name::text,
        ARRAY(
            SELECT c.app_label || '.' || p.codename
            FROM public.accounts_role_permissions x
            JOIN public.auth_permission p ON p.id = x.permission_id
            JOIN public.django_content_type c ON c.id = p.content_type_id
            WHERE x.role_id = r.id
        ),
        r.scopes::text[], chosen.tenants
    FROM public.accounts_tenant t, public.accounts_role r
    WHERE t.id = chosen.tenant_id AND r.id = chosen.role_id;
END
$$;

-- All memberships of a person, with their roles, in one round trip. A tenant's own role is visible only in that
-- tenant's context, so each name is read in the context of its tenant; afterwards the caller's context is restored.
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

-- Set this transaction's row-level-security context for a person, and return their active membership: that in the
-- wanted tenant, else the primary one, else the oldest one. Every page needs it, so it takes one round trip. Outside a
-- transaction the context ends with the statement.
--
-- pinned: the only tenant that the person's session may enter, if that is limited (ADR 73). Then no other membership is
-- found or counted, and the context has no person: their own rows in other tenants stay out of sight.
CREATE FUNCTION tenancy_enter(person uuid, wanted uuid, pinned uuid)
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
    FROM public.accounts_membership m WHERE m.user_id = person AND (pinned IS NULL OR m.tenant_id = pinned)
    ORDER BY coalesce(m.tenant_id = wanted, false) DESC, m.is_primary DESC, m.created_at, m.id LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM set_config('app.tenant_id', chosen.tenant_id::text, true);
    IF pinned IS NOT NULL THEN
        PERFORM set_config('app.user_id', '', true);
    END IF;
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

-- For processes of the release before, which know no pinned sessions.
CREATE OR REPLACE FUNCTION tenancy_enter(person uuid, wanted uuid)
RETURNS TABLE (
    tenant_id uuid, tenant_name text, role_id bigint, role_name text, permissions text[], scopes text[], tenants bigint
) LANGUAGE sql AS $$ SELECT * FROM public.tenancy_enter(person, wanted, NULL) $$;

-- A live session with its person, if active, and the active membership: the statement that begins every signed-in
-- request. It sets the row-level-security context, as tenancy_enter does. It returns whole rows, so that new columns of
-- either table change nothing here.
--
-- A session of a person who is not active is not returned at all: it signs nobody in, and its content does not live on.
-- Neither is a pinned session of a person who is no member of its tenant (ADR 73).
-- A session is valid while its not_before equals that of its person. Because no two clocks, or two readings of one, are
-- compared, a clock that was ahead keeps nobody out and keeps no session alive (ADR 42).
--
-- "key" is the digest of the key in the browser (ADR 34).
CREATE OR REPLACE FUNCTION session_enter(key text)
RETURNS TABLE (
    session public.accounts_session, person public.accounts_user,
    tenant_id uuid, tenant_name text, role_id bigint, role_name text, permissions text[], scopes text[], tenants bigint
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT * INTO session FROM public.accounts_session s
    WHERE s.session_key = key AND s.expire_date > statement_timestamp();
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO person FROM public.accounts_user u
    WHERE u.id = session.user_id AND u.is_active AND u.not_before IS NOT DISTINCT FROM session.not_before;
    IF FOUND THEN
        SELECT * INTO tenant_id, tenant_name, role_id, role_name, permissions, scopes, tenants
        FROM public.tenancy_enter(person.id, session.active_tenant, session.pinned_tenant);
        IF session.pinned_tenant IS NOT NULL AND tenant_id IS NULL THEN
            RETURN;
        END IF;
    ELSIF session.user_id IS NOT NULL THEN
        RETURN;
    END IF;
    RETURN NEXT;
END
$$;

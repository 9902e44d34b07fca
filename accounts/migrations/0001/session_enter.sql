-- A live session with its person, if active, and the active membership: the statement that begins every signed-in
-- request. It sets the row-level-security context, as tenancy_enter does. It returns whole rows, so that new columns of
-- either table change nothing here.
--
-- A session of a person who is not active is not returned at all: it signs nobody in, and its content does not live on.
-- A session is valid while its not_before equals that of its person. Because no two clocks, or two readings of one, are
-- compared, a clock that was ahead keeps nobody out and keeps no session alive (ADR 42).
--
-- "key" is the digest of the key in the browser (ADR 34).
CREATE FUNCTION session_enter(key text)
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
        FROM public.tenancy_enter(person.id, session.active_tenant);
    ELSIF session.user_id IS NOT NULL THEN
        RETURN;
    END IF;
    RETURN NEXT;
END
$$;

-- A live session with its person, if active, and the active membership: the statement that begins every signed-in
-- request. It sets the row-level-security context, as tenancy_enter does. It returns whole rows, so that new columns of
-- either table change nothing here.
--
-- A session of a person who is not active is not returned at all: it signs nobody in, and its content does not live on.
-- A session is valid while its not_before equals that of its person. Because no two clocks, or two readings of one, are
-- compared, a clock that was ahead keeps nobody out and keeps no session alive (ADR 42).
--
-- A session is found by the digest of the key in its browser (ADR 34). The length of "key" tells two kinds of callers
-- apart. One that passes a browser's key may have stored the row under it. For one that passes a digest, a row that is
-- still stored under its browser's key is changed here, once, to the digest, so that nothing else has to handle such
-- rows. Of two concurrent requests the second waits for the first, and then finds the row under its new key.
CREATE FUNCTION session_enter(key text)
RETURNS TABLE (
    session public.accounts_session, person public.accounts_user,
    tenant_id uuid, tenant_name text, role_id bigint, role_name text, permissions text[], scopes text[], tenants bigint
) LANGUAGE plpgsql AS $$
DECLARE
    is_browsers CONSTANT boolean := length(key) = 32;
    digest CONSTANT text := CASE WHEN is_browsers
        THEN left(encode(sha256(decode(key, 'escape')), 'hex'), 40) ELSE key END;
BEGIN
    SELECT * INTO session FROM public.accounts_session s
    WHERE s.session_key = digest AND s.expire_date > statement_timestamp();
    IF NOT FOUND AND is_browsers THEN
        SELECT * INTO session FROM public.accounts_session s
        WHERE s.session_key = key AND s.expire_date > statement_timestamp();
    ELSIF NOT FOUND THEN
        UPDATE public.accounts_session s SET session_key = digest
        WHERE length(s.session_key) = 32 AND s.expire_date > statement_timestamp()
            AND left(encode(sha256(decode(s.session_key, 'escape')), 'hex'), 40) COLLATE "C" = digest;
        SELECT * INTO session FROM public.accounts_session s
        WHERE s.session_key = digest AND s.expire_date > statement_timestamp();
    END IF;
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

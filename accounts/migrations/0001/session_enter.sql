-- A live session with the person it belongs to, while they are active, and what they are where they act: the one
-- statement with which a signed-in request begins. It tells the transaction for whom it works, as tenancy_enter does.
-- Whole rows, so that a new column of either table changes nothing here.
--
-- A session of somebody who is not active is none: nobody comes in by it, and nothing of what is in it goes on. It
-- serves while its person's not_before is what it was when the session was given: no two clocks, or two readings of
-- one, are compared, so one that was ahead keeps nobody out and lets nothing live on (ADR 42).
--
-- A session is found by the digest of the key that its browser holds (ADR 34). Two kinds of caller are told apart by the
-- length of what they bring: one that brings a browser's key may have written the row under it. For one that brings a
-- digest, a row that is still under its browser's key comes under the digest here, once, so that nothing else has to
-- know of such rows. Of two requests at once the second waits for the first, and then finds the row where it is now.
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

-- As before, and a session of somebody who is not active, or that was given before they were cut off, is none: nobody
-- comes in by it, and nothing of what is in it goes on.
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
    WHERE u.id = session.user_id AND u.is_active AND session.created_at >= coalesce(u.not_before, '-infinity');
    IF FOUND THEN
        SELECT * INTO tenant_id, tenant_name, role_id, role_name, permissions, scopes, tenants
        FROM public.tenancy_enter(person.id, session.active_tenant);
    ELSIF session.user_id IS NOT NULL THEN
        RETURN;
    END IF;
    RETURN NEXT;
END
$$;

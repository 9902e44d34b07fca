-- A live session with the person it belongs to, while they are active, and what they are where they act: the one
-- statement with which a signed-in request begins. It tells the transaction for whom it works, as tenancy_enter does.
-- Whole rows, so that a new column of either table changes nothing here.
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
    SELECT * INTO person FROM public.accounts_user u WHERE u.id = session.user_id AND u.is_active;
    IF FOUND THEN
        SELECT * INTO tenant_id, tenant_name, role_id, role_name, permissions, scopes, tenants
        FROM public.tenancy_enter(person.id, session.active_tenant);
    END IF;
    RETURN NEXT;
END
$$;

-- Clients authenticate before any context is known, and people meet clients of other tenants. So these two functions
-- read one client in the scope of the whole site, and restore the caller's context. Nothing else shows a client outside
-- the context of its tenant.
CREATE FUNCTION client_find(identifier text) RETURNS SETOF authserver_client LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    RETURN QUERY SELECT * FROM public.authserver_client c WHERE c.client_id = identifier;
    PERFORM set_config('app.scope', outer_scope, true);
END
$$;

CREATE FUNCTION client_get(key uuid) RETURNS SETOF authserver_client LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    RETURN QUERY SELECT * FROM public.authserver_client c WHERE c.id = key;
    PERFORM set_config('app.scope', outer_scope, true);
END
$$;

-- A connection by its slug with the domains that its tenant owns, for a sign-in, which happens before any tenant is
-- known. The function enters the scope of the whole site and restores the caller's.
CREATE FUNCTION connection_to_sign_in(wanted text)
RETURNS TABLE (connection public.providers_connection, owned_domains text[]) LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT c.* INTO connection FROM public.providers_connection c WHERE c.slug = wanted;
    IF FOUND THEN
        owned_domains := ARRAY(
            SELECT d.name::text FROM public.accounts_domain d
            WHERE d.tenant_id = connection.tenant_id AND d.owned_since IS NOT NULL
        );
        RETURN NEXT;
    END IF;
    PERFORM set_config('app.scope', outer_scope, true);
END
$$;
DROP FUNCTION connection_enter(text);

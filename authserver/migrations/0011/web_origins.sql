-- Every web origin with its running client, in the scope of the whole site: what CORS asks, before any context is known.
CREATE FUNCTION client_web_origins() RETURNS TABLE (origin text, client uuid) LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    scope text;
BEGIN
    scope := set_config('app.scope', 'site', true);
    RETURN QUERY
        SELECT one.origin::text, c.id
        FROM public.authserver_client c CROSS JOIN LATERAL unnest(c.web_origins) AS one (origin)
        WHERE c.is_active;
    scope := set_config('app.scope', outer_scope, true);
END
$$;

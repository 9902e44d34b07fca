-- How many keys that these people have or have created, and services with these owners, would still be accepted.
CREATE OR REPLACE FUNCTION api_keys_alive(people uuid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    alive bigint;
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT (
        SELECT count(*) FROM public.authserver_apikey k
        LEFT JOIN public.authserver_serviceaccount s ON s.id = k.service_id
        WHERE (k.user_id = ANY (people) OR k.created_by_id = ANY (people)) AND public.api_key_refusal(k, s) IS NULL
    ) + (
        SELECT count(*) FROM public.authserver_serviceaccount s
        WHERE s.owner_id = ANY (people) AND public.service_refusal(s) IS NULL
    ) INTO alive;
    PERFORM set_config('app.scope', outer_scope, true);
    RETURN alive;
END
$$;

-- What every token request asks. PL/pgSQL keeps a plan for the whole life of a connection; the same text sent as a
-- statement is planned again each time, which costs more than its execution. Server-side prepared statements would do
-- the same, but do not pass every pooler.

-- As before; an assignment is evaluated without the executor, which PERFORM starts twice.
CREATE OR REPLACE FUNCTION client_find(identifier text) RETURNS SETOF authserver_client LANGUAGE plpgsql ROWS 1 AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    scope text;
BEGIN
    scope := set_config('app.scope', 'site', true);
    RETURN QUERY SELECT * FROM public.authserver_client c WHERE c.client_id = identifier;
    scope := set_config('app.scope', outer_scope, true);
END
$$;

CREATE OR REPLACE FUNCTION client_get(key uuid) RETURNS SETOF authserver_client LANGUAGE plpgsql ROWS 1 AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    scope text;
BEGIN
    scope := set_config('app.scope', 'site', true);
    RETURN QUERY SELECT * FROM public.authserver_client c WHERE c.id = key;
    scope := set_config('app.scope', outer_scope, true);
END
$$;

-- The secrets of a client that work now: id, digest, and whether its last use has to be noted.
CREATE FUNCTION client_secrets(client uuid) RETURNS json[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT json_build_array(s.id, s.digest, s.last_used_at IS NULL
            OR abs(extract(epoch FROM statement_timestamp() - s.last_used_at)) > 60)
        FROM public.authserver_clientsecret s
        WHERE s.client_id = client AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp())
    );
END
$$;

-- Why what a person has authorized is over, or NULL: the account is not active, or was cut off since ("epoch" is its
-- not_before of that time), or the consent, if there was one, was withdrawn.
CREATE FUNCTION authorization_over(person uuid, epoch timestamptz, consent uuid)
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE
        WHEN NOT EXISTS (
            SELECT FROM public.accounts_user u
            WHERE u.id = person AND u.is_active AND u.not_before IS NOT DISTINCT FROM epoch
        ) THEN 'account_cut_off'
        WHEN consent IS NOT NULL AND NOT EXISTS (
            SELECT FROM public.authserver_consent a WHERE a.id = consent AND a.withdrawn_at IS NULL
        ) THEN 'consent_withdrawn'
    END;
END
$$;

-- The site's own claims about a person: name, value, scope, and whether it is in access tokens.
CREATE FUNCTION person_profile(person uuid) RETURNS json[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT json_build_array(p.name, v.value, p.scope, p.is_in_access_tokens)
        FROM public.authserver_profilevalue v JOIN public.authserver_profileclaim p ON p.id = v.claim_id
        WHERE v.user_id = person ORDER BY p.name
    );
END
$$;

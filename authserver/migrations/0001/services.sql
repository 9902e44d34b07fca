-- What services, their keys and tenants' clients may do now (ADR 52). Credentials are read before any context is known,
-- so the functions that others call (the last four) read in the scope of the whole site, and restore the caller's.

-- Why a person's credentials do not work in a tenant, or NULL. "epoch" is the person's not_before that they were given
-- under. Without a tenant no membership is needed, and a superuser needs none anywhere.
CREATE FUNCTION person_refusal(person uuid, epoch timestamptz, tenant uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN u.id IS NULL OR NOT u.is_active THEN 'owner_inactive'
        WHEN u.not_before IS DISTINCT FROM epoch THEN 'owner_cut_off'
        WHEN tenant IS NOT NULL AND NOT u.is_superuser AND NOT EXISTS (
            SELECT FROM public.accounts_membership m WHERE m.user_id = person AND m.tenant_id = tenant
        ) THEN 'owner_left'
    END
    FROM (SELECT person AS id) wanted LEFT JOIN public.accounts_user u ON u.id = wanted.id
$$;

-- The scopes of a person's role in a tenant; NULL stands for all of them, which superusers have.
CREATE FUNCTION person_scopes(person uuid, tenant uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN u.is_superuser THEN NULL ELSE coalesce((
        SELECT r.scopes::text[] FROM public.accounts_membership m JOIN public.accounts_role r ON r.id = m.role_id
        WHERE m.user_id = person AND m.tenant_id = tenant
    ), '{}') END
    FROM public.accounts_user u WHERE u.id = person
$$;

CREATE FUNCTION service_refusal(s public.authserver_serviceaccount) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN s.id IS NULL THEN 'service_unknown'
        WHEN NOT s.is_active THEN 'service_stopped'
        WHEN s.expires_at <= statement_timestamp() THEN 'service_expired'
        ELSE public.person_refusal(s.owner_id, s.owner_not_before, s.tenant_id)
    END
$$;

-- What is in all of these lists; NULL is the list of everything.
CREATE FUNCTION scopes_in_all(VARIADIC lists jsonb[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY(
        SELECT word FROM jsonb_array_elements_text(lists[1]) WITH ORDINALITY AS given (word, place)
        WHERE NOT EXISTS (SELECT FROM unnest(lists[2:]) other WHERE NOT other ? word) ORDER BY place
    )
$$;

-- Why a key does not work, or NULL, whatever its secret.
CREATE FUNCTION api_key_refusal(k public.authserver_apikey, s public.authserver_serviceaccount)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN k.revoked_at IS NOT NULL THEN 'key_revoked'
        WHEN k.expires_at <= statement_timestamp() THEN 'key_expired'
        WHEN k.user_id IS NOT NULL THEN public.person_refusal(k.user_id, k.not_before, k.tenant_id)
        WHEN k.not_before IS DISTINCT FROM s.not_before THEN 'key_replaced'
        ELSE public.service_refusal(s)
    END
$$;

-- The key with this public id and digest, with its holder and what it may do now. It notes a use, at most once a minute.
-- "own" are scopes that need no role, because they are about the person alone.
CREATE FUNCTION api_key_enter(wanted text, secret_digest text, own text[], is_use boolean)
RETURNS TABLE (
    refusal text, scopes text[],
    key public.authserver_apikey, service public.authserver_serviceaccount, person public.accounts_user
) LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    allowed text[];
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT * INTO key FROM public.authserver_apikey k WHERE k.public_id = wanted AND k.digest = secret_digest;
    IF FOUND THEN
        SELECT * INTO service FROM public.authserver_serviceaccount s WHERE s.id = key.service_id;
        SELECT * INTO person FROM public.accounts_user u WHERE u.id = coalesce(key.user_id, service.owner_id);
        refusal := public.api_key_refusal(key, service);
        allowed := public.person_scopes(person.id, key.tenant_id);
        IF key.user_id IS NOT NULL THEN
            allowed := CASE WHEN allowed IS NOT NULL THEN allowed || own END;
            scopes := public.scopes_in_all(to_jsonb(key.scopes), to_jsonb(allowed));
        ELSE
            scopes := public.scopes_in_all(to_jsonb(key.scopes), to_jsonb(service.scopes), to_jsonb(allowed));
        END IF;
        IF is_use AND refusal IS NULL AND (key.last_used_at IS NULL
            OR abs(extract(epoch FROM statement_timestamp() - key.last_used_at)) > 60)
        THEN
            UPDATE public.authserver_apikey SET last_used_at = statement_timestamp() WHERE id IN (
                SELECT k.id FROM public.authserver_apikey k WHERE k.id = key.id FOR NO KEY UPDATE SKIP LOCKED
            );
        END IF;
    END IF;
    PERFORM set_config('app.scope', outer_scope, true);
    IF key.id IS NOT NULL THEN
        RETURN NEXT;
    END IF;
END
$$;

-- The limits of what a client may do in its own name: those of its service, or if it is delegated those of whoever
-- registered it. Scopes that are NULL are no limit.
CREATE FUNCTION client_rights(wanted uuid)
RETURNS TABLE (refusal text, scopes text[], service_id uuid, person_id uuid) LANGUAGE plpgsql STRICT AS $$
#variable_conflict use_column
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    c public.authserver_client;
    s public.authserver_serviceaccount;
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT * INTO c FROM public.authserver_client x WHERE x.id = wanted;
    IF c.service_id IS NOT NULL THEN
        SELECT * INTO s FROM public.authserver_serviceaccount x WHERE x.id = c.service_id AND x.tenant_id = c.tenant_id;
        RETURN QUERY SELECT
            public.service_refusal(s),
            public.scopes_in_all(to_jsonb(s.scopes), to_jsonb(public.person_scopes(s.owner_id, s.tenant_id))),
            s.id, s.owner_id;
    ELSIF c.is_delegated THEN
        RETURN QUERY SELECT
            public.person_refusal(u.id, u.not_before, c.tenant_id),
            public.person_scopes(u.id, c.tenant_id), NULL::uuid, c.created_by_id
        FROM (SELECT c.created_by_id AS id) registrar LEFT JOIN public.accounts_user u ON u.id = registrar.id;
    ELSIF c.id IS NOT NULL THEN
        RETURN QUERY SELECT NULL::text, NULL::text[], NULL::uuid, NULL::uuid;
    END IF;
    PERFORM set_config('app.scope', outer_scope, true);
END
$$;

-- The services that a certificate is, by all of its names, with what they may do now.
CREATE FUNCTION certificate_services(kinds text[], names text[])
RETURNS TABLE (
    refusal text, scopes text[], service public.authserver_serviceaccount, person public.accounts_user
) LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    FOR service IN
        SELECT s.* FROM public.authserver_serviceaccount s WHERE s.id IN (
            SELECT i.service_id FROM public.authserver_certificateidentity i
            JOIN unnest(kinds, names) AS n (kind, value) ON n.kind = i.kind AND n.value = i.value
        )
    LOOP
        SELECT * INTO person FROM public.accounts_user u WHERE u.id = service.owner_id;
        refusal := public.service_refusal(service);
        scopes := public.scopes_in_all(
            to_jsonb(service.scopes), to_jsonb(public.person_scopes(service.owner_id, service.tenant_id))
        );
        RETURN NEXT;
    END LOOP;
    PERFORM set_config('app.scope', outer_scope, true);
END
$$;

-- How many keys of these people, and services with these owners, would still be accepted.
CREATE FUNCTION api_keys_alive(people uuid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    alive bigint;
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT (
        SELECT count(*) FROM public.authserver_apikey k
        WHERE k.user_id = ANY (people) AND public.api_key_refusal(k, NULL) IS NULL
    ) + (
        SELECT count(*) FROM public.authserver_serviceaccount s
        WHERE s.owner_id = ANY (people) AND public.service_refusal(s) IS NULL
    ) INTO alive;
    PERFORM set_config('app.scope', outer_scope, true);
    RETURN alive;
END
$$;

-- A client that loses its service is stopped: what it may do in its own name was the service's. A trigger sees also
-- what a foreign key does.
CREATE FUNCTION client_stop_without_service() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.is_active := false;
    RETURN NEW;
END $$;
CREATE TRIGGER stop_without_service BEFORE UPDATE ON authserver_client FOR EACH ROW
WHEN (OLD.service_id IS NOT NULL AND NEW.service_id IS NULL)
EXECUTE FUNCTION client_stop_without_service();

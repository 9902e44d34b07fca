-- A connection by its slug, for a sign-in, which happens before any tenant is known. The function enters the scope of
-- the whole site and restores the caller's.
CREATE FUNCTION connection_enter(wanted text) RETURNS SETOF public.providers_connection LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    RETURN QUERY SELECT c.* FROM public.providers_connection c WHERE c.slug = wanted;
    PERFORM set_config('app.scope', outer_scope, true);
END
$$;

-- An issuer belongs to the site or to one tenant: whoever runs it can assert any of its subjects (ADR 71). Two writers
-- who name one issuer wait for each other.
CREATE FUNCTION issuer_has_one_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    is_taken boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('issuer ' || public.canonical_issuer(NEW.issuer), 0));
    PERFORM set_config('app.scope', 'site', true);
    is_taken := EXISTS (
        SELECT FROM public.providers_connection c
        WHERE public.canonical_issuer(c.issuer) = public.canonical_issuer(NEW.issuer) AND c.tenant_id IS DISTINCT FROM NEW.tenant_id
            AND c.id <> NEW.id
    ) OR EXISTS (
        SELECT FROM public.providers_upstreamissuer x
        WHERE public.canonical_issuer(x.issuer) = public.canonical_issuer(NEW.issuer) AND x.tenant_id IS DISTINCT FROM NEW.tenant_id
            AND x.id <> NEW.id
    );
    PERFORM set_config('app.scope', outer_scope, true);
    IF is_taken THEN
        RAISE EXCEPTION 'the issuer % belongs to somebody else', public.canonical_issuer(NEW.issuer)
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'issuer_of_one_owner';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER issuer_of_one_owner BEFORE INSERT OR UPDATE OF issuer, tenant_id
    ON providers_connection FOR EACH ROW EXECUTE FUNCTION issuer_has_one_owner();
CREATE TRIGGER issuer_of_one_owner BEFORE INSERT OR UPDATE OF issuer, tenant_id
    ON providers_upstreamissuer FOR EACH ROW EXECUTE FUNCTION issuer_has_one_owner();

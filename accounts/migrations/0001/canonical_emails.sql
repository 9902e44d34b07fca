-- The canonical form of addresses, as far as the database can compute it (ADR 27, foundation/canonical_email.py). For
-- an address in plain ASCII this is authoritative. What requires IDNA 2008 is accepted from the writer, and discarded
-- when the address changes without it: then the address finds nobody, and cannot be verified.

-- With "C", lower() changes only ASCII letters, whatever the locale. Composed twice, like
-- foundation.canonical_email.folded.
CREATE FUNCTION accounts_folded_email(email text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT normalize(lower(normalize(email, NFC) COLLATE "C"), NFC)
$$;

-- "given" is the canonical form that the writer has supplied, if any.
CREATE FUNCTION accounts_canonical(email text, given text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    folded text COLLATE "C" := public.accounts_folded_email(email);
    local text COLLATE "C" := regexp_replace(folded, '@[^@]*$', '');
    domain text COLLATE "C" := substring(folded FROM '@([^@]*)$');
    is_plain boolean := octet_length(folded) = length(folded);
BEGIN
    IF domain IS NULL OR local = '' OR octet_length(local) > 64 THEN
        RETURN NULL;
    END IF;
    IF is_plain AND domain !~ '(^|\.)..--' THEN
        RETURN CASE WHEN local ~ '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&''*+/=?^_`{|}~-]+)*$'
            AND domain ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$|^localhost$'
            AND domain !~ '(^|\.)[0-9]+$' AND length(domain) <= 253 THEN folded END;
    END IF;
    RETURN CASE WHEN given COLLATE "C" ~ '@[a-z0-9.-]+$' AND regexp_replace(given, '@[^@]*$', '') = local
        AND (octet_length(domain) > length(domain) OR substring(given FROM '@([^@]*)$') = domain) THEN given END;
END
$$;

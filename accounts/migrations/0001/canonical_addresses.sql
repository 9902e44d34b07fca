-- The canonical form of addresses, as far as the database can know it (ADR 27, foundation/canonical_email.py). Of an address
-- in plain ASCII it is the authority. What only IDNA 2008 knows, it takes from who writes it, and forgets it when the
-- address changes without it: then nobody is found by that address, and it cannot be verified.

-- lower() with "C" touches ASCII letters alone, whatever the locale. Composed twice, as foundation.canonical_email.folded.
CREATE FUNCTION accounts_folded_address(address text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT normalize(lower(normalize(address, NFC) COLLATE "C"), NFC)
$$;

-- "given" is what somebody who knows the canonical form says that it is, if anybody does.
CREATE FUNCTION accounts_canonical(address text, given text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    folded text COLLATE "C" := public.accounts_folded_address(address);
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

-- The form in which issuers are compared to find out whose they are, as in foundation/issuers.py: case, the default port,
-- the dot at the end of a host name and slashes at the end do not count.
CREATE FUNCTION canonical_issuer(url text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    scheme text := lower(split_part(url, '://', 1));
    rest text := substr(url, length(split_part(url, '://', 1)) + 4);
    netloc text := lower(split_part(rest, '/', 1));
    port text := substring(netloc from ':([0-9]{1,5})$');
BEGIN
    RETURN scheme || '://' || trim(both '[]' from rtrim(regexp_replace(netloc, ':[0-9]*$', ''), '.')) || ':'
        || coalesce(port::integer::text, CASE scheme WHEN 'https' THEN '443' WHEN 'http' THEN '80' END, '')
        || lower(rtrim(substr(rest, length(netloc) + 1), '/'));
END
$$;

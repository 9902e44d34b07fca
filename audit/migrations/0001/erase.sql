-- Erasure (ADR 17): removes a person's values from the side table. The entries stay as they are, with the salted digest
-- of the removed values; without the salt nobody can test guesses against it.
--
-- It removes: the personal values of entries about the person; the IP address and browser of events in which the person
-- acted or was behind the actor; the values of objects about the person ("objects": {table: [ids]}); and, in events and
-- in entries without a person, rows with a value that only this person had: a text of "exactly", or an e-mail address of
-- "emails". The addresses come in canonical form (ADR 27), but the trail has them as they were given. "labels" maps the
-- U-labels of their domains to A-labels, because the database cannot do IDNA. A row beside an event is removed as a
-- whole, because its digest covers the whole.
--
-- The function itself records the erasure, so that none is without a trace. It returns how many entries lost values.
CREATE FUNCTION audit_canonical(value text, labels jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    WITH folded (text) AS (SELECT normalize(lower(normalize(value, NFC) COLLATE "C"), NFC))
    SELECT regexp_replace(text, '[^@]*$', '') || (
        SELECT string_agg(coalesce(labels ->> label, label), '.' ORDER BY place)
        FROM string_to_table(substring(text FROM '[^@]*$'), '.') WITH ORDINALITY AS l (label, place)
    ) FROM folded
$$;
CREATE FUNCTION audit_is_theirs(value text, told jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF told -> 'exactly' ? value THEN
        RETURN true;
    ELSIF strpos(value, '@') = 0 THEN
        RETURN false;
    ELSIF octet_length(value) = length(value) THEN
        RETURN told -> 'emails' ? lower(value COLLATE "C");
    END IF;
    RETURN told -> 'emails' ? public.audit_canonical(value, coalesce(told -> 'labels', '{}'));
END
$$;
CREATE FUNCTION audit_erase(erased text, told jsonb) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    count bigint;
    has_known boolean := told ?| ARRAY['exactly', 'emails'];
    is_self boolean := told ->> 'actor_kind' = 'person' AND told ->> 'actor_id' = erased;
BEGIN
    IF coalesce(erased, '') = '' OR coalesce(told ->> 'reason', '') = '' THEN
        RAISE EXCEPTION 'an erasure needs a person and a reason' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WITH found AS MATERIALIZED (
        SELECT e.id, e.at FROM public.audit_entry e
        WHERE e.person = erased AND e.personal_digest IS NOT NULL
        UNION
        SELECT e.id, e.at FROM public.audit_entry e
        WHERE e.actor_id = erased AND e.actor_kind = 'person' AND e.source = 'event' AND e.personal_digest IS NOT NULL
        UNION
        SELECT e.id, e.at FROM public.audit_entry e
        WHERE e.behind_id = erased AND e.behind_kind = 'person' AND e.source = 'event' AND e.personal_digest IS NOT NULL
        UNION
        SELECT e.id, e.at
        FROM jsonb_each(coalesce(told -> 'objects', '{}')) AS o (place, keys)
        CROSS JOIN LATERAL jsonb_array_elements_text(o.keys) AS k (key)
        JOIN public.audit_entry e ON e.object_id = k.key AND e.object_table = o.place
        WHERE e.personal_digest IS NOT NULL
        UNION
        SELECT p.entry_id, p.at FROM public.audit_personal p
        WHERE has_known AND (
            EXISTS (SELECT FROM jsonb_each_text(p.after) AS v WHERE public.audit_is_theirs(v.value, told))
            OR EXISTS (SELECT FROM jsonb_each_text(p.before) AS v WHERE public.audit_is_theirs(v.value, told))
        ) AND EXISTS (
            SELECT FROM public.audit_entry e
            WHERE e.id = p.entry_id AND e.at = p.at AND (e.source = 'event' OR e.person IS NULL)
        )
    ), gone AS (
        DELETE FROM public.audit_personal p USING found f WHERE p.entry_id = f.id AND p.at = f.at RETURNING 1
    )
    SELECT count(*) INTO count FROM gone;
    PERFORM public.audit_event('person.erased', (
        told - 'objects' - 'exactly' - 'emails' - 'labels' - 'personal' - CASE WHEN is_self THEN ARRAY['ip_address', 'user_agent'] ELSE '{}' END
    ) || jsonb_build_object('person', erased, 'details', jsonb_build_object('entries', count)));
    RETURN count;
END
$$;

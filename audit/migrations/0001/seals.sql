-- The seals (ADR 14). Each is made over entries of finished transactions, outside the database and with a key that the
-- database never sees. Here they are only stored.
CREATE TABLE audit_seal (
    number bigint PRIMARY KEY,
    sealed_at timestamptz NOT NULL,
    entries integer NOT NULL,
    ids text NOT NULL, -- 1-5,7,9-12
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    upto_txid bigint NOT NULL, -- how far sealing has come, in the order of (txid, id)
    upto_id bigint NOT NULL,
    cluster bigint NOT NULL, -- the server of these transaction numbers; another server starts again
    floor_id bigint NOT NULL, -- entries of this server have larger ids
    carried boolean NOT NULL, -- whether its entries came with a restore and are sealed outside the order
    digest bytea NOT NULL, -- the digest of the digests of its entries
    key_id text NOT NULL,
    previous bytea NOT NULL,
    mac bytea NOT NULL
);
CREATE INDEX audit_seal_first ON audit_seal (first_id);
CREATE INDEX audit_seal_last ON audit_seal (last_id);
CREATE INDEX audit_seal_carried ON audit_seal (number) WHERE carried;

-- The digests of a seal's entries, 32 bytes each. With them verification can name a changed entry, and verify the others
-- without those that retention has removed. They are deleted when all of their entries are removed.
CREATE TABLE audit_seal_digests (
    number bigint PRIMARY KEY,
    digests bytea NOT NULL
);
ALTER TABLE audit_seal_digests ALTER digests SET STORAGE EXTERNAL;

CREATE FUNCTION audit_append_seal(seal jsonb, digests bytea) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fresh public.audit_seal := jsonb_populate_record(NULL::public.audit_seal, seal);
    last public.audit_seal;
BEGIN
    SELECT * INTO last FROM public.audit_seal ORDER BY number DESC LIMIT 1;
    IF fresh.number <> coalesce(last.number, 0) + 1 OR (last.number > 0 AND fresh.previous <> last.mac) THEN
        RAISE EXCEPTION 'seal % does not follow on %', fresh.number, last.number
            USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO public.audit_seal SELECT fresh.*;
    INSERT INTO public.audit_seal_digests VALUES (fresh.number, digests);
END
$$;

-- Delete the digests of a month's entries. This is refused while any entry of the month is left.
CREATE FUNCTION audit_forget_digests(begins timestamptz, ends timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    IF ends > clock_timestamp() - make_interval(days => public.audit_minimum_days())
        OR EXISTS (SELECT FROM public.audit_entry WHERE at >= begins AND at < ends) THEN
        RAISE EXCEPTION 'there are entries of this time' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('audit.removing', 'retention', true);
    DELETE FROM public.audit_seal_digests d USING public.audit_seal s
    WHERE s.number = d.number AND s.first_at >= begins AND s.last_at < ends;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    PERFORM set_config('audit.removing', '', true);
    RETURN forgotten;
END
$$;

DO $$
DECLARE
    of_table text;
BEGIN
    FOREACH of_table IN ARRAY ARRAY['audit_seal', 'audit_seal_digests', 'audit_removal'] LOOP
        EXECUTE format(
            'CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON public.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse()', of_table
        );
        EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER audit_append_only', of_table);
    END LOOP;
END
$$;

-- When jobs last ran, for the overview and for jobs that continue where they stopped.
CREATE TABLE audit_jobrun (
    name text PRIMARY KEY,
    ran_at timestamptz NOT NULL,
    detail text NOT NULL DEFAULT '',
    progress jsonb NOT NULL DEFAULT '{}'
);

-- Months of the trail (ADR 13). Both tables are partitioned by the time of their entries, one partition per month. Only
-- the owner has rights on partitions, and the backup role, which reads them. All times here are in UTC.

-- Return the existing months. The first one has no beginning. The default partition has no end: it contains the entries
-- without a month.
CREATE FUNCTION audit_months(OUT parent text, OUT name text, OUT lower timestamptz, OUT upper timestamptz)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
    SELECT
        p.relname, c.relname,
        CASE WHEN bound LIKE 'FOR VALUES FROM (MINVALUE)%' THEN '-infinity'
            ELSE substring(bound FROM $r$FROM \('([^']+)$r$)::timestamptz END,
        substring(bound FROM $r$TO \('([^']+)$r$)::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_class p ON p.oid = i.inhparent
    CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) AS b
    WHERE i.inhparent IN ('public.audit_entry'::regclass, 'public.audit_personal'::regclass)
$$;

-- Revoke all rights on a month from roles that default privileges gave more than SELECT.
CREATE FUNCTION audit_close(of_table text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role text;
BEGIN
    FOR role IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
        WHERE c.oid = format('public.%I', of_table)::regclass
            AND a.grantee <> c.relowner AND a.privilege_type <> 'SELECT'
    LOOP
        EXECUTE format('REVOKE ALL ON public.%I FROM %s', of_table, role);
    END LOOP;
END
$$;

-- Create the append-only trigger on a partition, because the statement triggers of a partitioned table do not fire for
-- statements that name a partition.
CREATE FUNCTION audit_guard(of_table text, parent text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER audit_append_only BEFORE %s ON public.%I '
        'FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse()',
        CASE parent WHEN 'audit_entry' THEN 'UPDATE OR DELETE' ELSE 'UPDATE' END, of_table
    );
    EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER audit_append_only', of_table);
END
$$;

-- Create the missing partitions of this month and as many after it, and return their names. Each is created as a
-- separate table and then attached, which does not block writers. The lock timeout is short: what fails now is created
-- the next time. Entries that were written while their month was missing are in the default partition and stay there:
-- their month cannot be attached any more, later ones can.
CREATE FUNCTION audit_make_months(ahead integer) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms' AS $$
DECLARE
    month timestamptz;
    of_parent text;
    named text;
BEGIN
    PERFORM pg_advisory_xact_lock(x'5E5510A7'::bigint);
    FOR month IN
        SELECT generate_series(date_trunc('month', now()), now() + make_interval(months => least(ahead, 24)), '1 month')
    LOOP
        FOREACH of_parent IN ARRAY ARRAY['audit_entry', 'audit_personal'] LOOP
            CONTINUE WHEN EXISTS (
                SELECT FROM public.audit_months() m
                WHERE m.parent = of_parent AND m.lower <= month AND m.upper > month
            );
            named := of_parent || to_char(month, '_YYYY_MM');
            BEGIN
                EXECUTE format('CREATE TABLE IF NOT EXISTS public.%I (LIKE public.%I INCLUDING DEFAULTS)', named, of_parent);
                PERFORM public.audit_close(named);
                PERFORM public.audit_guard(named, of_parent);
                EXECUTE format(
                    'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                    of_parent, named, month, month + interval '1 month'
                );
                RETURN NEXT named;
            EXCEPTION WHEN check_violation OR lock_not_available OR invalid_object_definition OR wrong_object_type THEN
                RAISE WARNING 'month % was not made: %', named, SQLERRM;
            END;
        END LOOP;
    END LOOP;
END
$$;

-- The minimum retention in days, which no rule can undercut. Only the owner sets it.
CREATE TABLE audit_minimum (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    days integer NOT NULL CHECK (days > 0)
);

-- For how many days the entries of a tenant are kept. '' is the site: it applies to entries without a tenant and to
-- those of tenants without their own row. Without any row that applies, entries are kept forever.
CREATE TABLE audit_retention (
    tenant_id text PRIMARY KEY,
    days integer NOT NULL CONSTRAINT audit_retention_some_days CHECK (days > 0)
);

CREATE FUNCTION audit_minimum_days() RETURNS integer LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT days FROM public.audit_minimum), 365)
$$;

CREATE FUNCTION audit_set_minimum(to_days integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.audit_event('retention.minimum_set', jsonb_build_object(
        'details', jsonb_build_object('before', public.audit_minimum_days(), 'days', to_days)
    ));
    INSERT INTO public.audit_minimum (days) VALUES (to_days) ON CONFLICT (only_one) DO UPDATE SET days = to_days;
END
$$;

-- Return the time before which a tenant's entries may be removed, or nothing if they are kept forever.
CREATE FUNCTION audit_due(tenant text) RETURNS timestamptz LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT clock_timestamp() - make_interval(days => greatest(public.audit_minimum_days(), r.days))
    FROM public.audit_retention r WHERE r.tenant_id IN (coalesce(tenant, ''), '')
    ORDER BY r.tenant_id = coalesce(tenant, '') DESC LIMIT 1
$$;

-- What was removed and by which rule: the ids, and a code over all columns that only the holder of the key can make.
CREATE TABLE audit_removal (
    id uuid PRIMARY KEY,
    removed_at timestamptz NOT NULL,
    month text, -- the partition, if a whole month was removed
    tenant_id text,
    until timestamptz NOT NULL, -- entries before this time were due
    entries bigint NOT NULL,
    ids text NOT NULL, -- 1-5,7,9-12
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    key_id text NOT NULL,
    mac bytea NOT NULL
);
CREATE INDEX audit_removal_first ON audit_removal (first_id);

CREATE FUNCTION audit_note_removal(removal jsonb) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO public.audit_removal SELECT * FROM jsonb_populate_record(NULL::public.audit_removal, removal)
$$;

-- Remove a month that is past and due for every tenant with entries in it. TRUNCATE frees the disk space at once and
-- locks only the old month: writers use other partitions, and readers of all months wait no longer than lock_timeout.
CREATE FUNCTION audit_remove_month(ends timestamptz, removal jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '100ms' AS $$
DECLARE
    entries text;
    personal text;
    is_kept boolean;
BEGIN
    SELECT name INTO STRICT entries FROM public.audit_months() WHERE parent = 'audit_entry' AND upper = ends;
    SELECT name INTO STRICT personal FROM public.audit_months() WHERE parent = 'audit_personal' AND upper = ends;
    IF ends > coalesce(public.audit_due(NULL), '-infinity') THEN
        RAISE EXCEPTION 'this month is not due: %', entries USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM public.%I WHERE tenant_id = ANY ($1))', entries
    ) INTO is_kept USING ARRAY(SELECT tenant_id FROM public.audit_retention WHERE public.audit_due(tenant_id) < ends);
    IF is_kept THEN
        RAISE EXCEPTION 'somebody keeps entries of this month: %', entries USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM public.audit_note_removal(removal);
    EXECUTE format('TRUNCATE public.%I, public.%I', entries, personal);
END
$$;

-- Remove single entries with their personal values. If one of them is not due, none is removed.
CREATE FUNCTION audit_remove_entries(
    gone bigint[], first_at timestamptz, last_at timestamptz, removal jsonb
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM set_config('audit.removing', 'retention', true);
    DELETE FROM public.audit_entry e
    WHERE e.id = ANY (gone) AND e.at BETWEEN first_at AND last_at AND e.at < public.audit_due(e.tenant_id);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed <> cardinality(gone) THEN
        RAISE EXCEPTION 'not all of these entries are due' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM public.audit_personal p WHERE p.entry_id = ANY (gone) AND p.at BETWEEN first_at AND last_at;
    PERFORM set_config('audit.removing', '', true);
    PERFORM public.audit_note_removal(removal);
END
$$;

-- Drop partitions that retention has emptied. This is only housekeeping, so it makes writers wait no more than a moment.
CREATE FUNCTION audit_drop_empty_months() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5ms' AS $$
DECLARE
    month record;
    is_empty boolean;
BEGIN
    FOR month IN
        SELECT * FROM public.audit_months()
        WHERE upper < clock_timestamp() - make_interval(days => public.audit_minimum_days())
    LOOP
        BEGIN
            EXECUTE format('LOCK TABLE ONLY public.%I IN ACCESS EXCLUSIVE MODE', month.name);
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM public.%I)', month.name) INTO is_empty;
            IF is_empty THEN
                EXECUTE format('DROP TABLE public.%I', month.name);
                RETURN NEXT month.name;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL; -- the next time
        END;
    END LOOP;
END
$$;

CREATE FUNCTION audit_close_sequence(of_sequence text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role text;
BEGIN
    FOR role IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
        WHERE c.oid = format('public.%I', of_sequence)::regclass
            AND a.grantee <> c.relowner AND a.privilege_type = 'USAGE'
    LOOP
        EXECUTE format('REVOKE ALL ON SEQUENCE public.%I FROM %s', of_sequence, role);
    END LOOP;
END
$$;

-- The first partitions: a month without a beginning, which ends a day from now at the earliest, and the default
-- partition for entries without a month. After migrations, audit_make_months creates the coming months.
DO $$
DECLARE
    bound timestamptz := (
        date_trunc('month', now() AT TIME ZONE 'UTC' + interval '1 day') + interval '1 month'
    ) AT TIME ZONE 'UTC';
    of_parent text;
    named text;
BEGIN
    PERFORM set_config('timezone', 'UTC', true);
    PERFORM audit_close_sequence('audit_entry_id_seq');
    FOREACH of_parent IN ARRAY ARRAY['audit_entry', 'audit_personal'] LOOP
        PERFORM audit_close(of_parent);
        PERFORM audit_guard(of_parent, of_parent);
        FOREACH named IN ARRAY ARRAY[of_parent || to_char(bound, '_"until"_YYYY_MM'), of_parent || '_without_month'] LOOP
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', named, of_parent);
            PERFORM audit_close(named);
            PERFORM audit_guard(named, of_parent);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I ', of_parent, named) || CASE
                WHEN named LIKE '%\_without\_month' THEN 'DEFAULT'
                ELSE format('FOR VALUES FROM (MINVALUE) TO (%L)', bound) END;
        END LOOP;
    END LOOP;
END
$$;

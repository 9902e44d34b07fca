-- Turn a table into the first month of a table of the same name, in which not one row is moved. Run with all that
-- writes it locked out, for as long as it takes to change the catalogue: the rows were compared with the bound before.
DO $$
DECLARE
    was text := '{table}_until_' || to_char('{bound}'::timestamptz AT TIME ZONE 'UTC', 'YYYY_MM');
    indexes jsonb;
    index jsonb;
    next_id bigint;
BEGIN
    LOCK TABLE public.{table} IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('ALTER TABLE public.{table} RENAME TO %I', was);
    SELECT jsonb_agg(jsonb_build_object(
        'name', c.relname, 'definition', pg_get_indexdef(c.oid), 'is_key', i.indisprimary
    )) INTO indexes
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = format('public.%I', was)::regclass;
    FOR index IN SELECT * FROM jsonb_array_elements(indexes) LOOP
        EXECUTE format(
            'ALTER INDEX public.%I RENAME TO %I', index ->> 'name', was || substr(index ->> 'name', length('{table}') + 1)
        );
    END LOOP;
    IF '{sequence}' <> '' THEN
        -- Before version 17 no partition can have an identity column: the sequence gives a default instead.
        next_id := nextval('public.{sequence}');
        EXECUTE format('ALTER TABLE public.%I ALTER id DROP IDENTITY', was);
        EXECUTE format('CREATE SEQUENCE public.%I START %s', '{sequence}', next_id);
        EXECUTE format('ALTER TABLE public.%I ALTER id SET DEFAULT nextval(''public.{sequence}'')', was);
    END IF;
    EXECUTE format(
        'CREATE TABLE public.{table} (LIKE public.%I INCLUDING DEFAULTS) PARTITION BY RANGE (at)', was
    );
    IF '{sequence}' <> '' THEN
        EXECUTE format('ALTER SEQUENCE public.%I OWNED BY public.{table}.id', '{sequence}');
        PERFORM public.audit_close_sequence('{sequence}');
    END IF;
    PERFORM public.audit_close('{table}');
    EXECUTE format('GRANT SELECT ON public.{table} TO %I', '{runtime_role}');
    PERFORM public.audit_guard('{table}', '{table}');
    FOR index IN SELECT * FROM jsonb_array_elements(indexes) LOOP
        IF (index ->> 'is_key')::boolean THEN
            EXECUTE format(
                'ALTER TABLE public.{table} ADD CONSTRAINT %I PRIMARY KEY %s', index ->> 'name',
                substring(index ->> 'definition' FROM '\(.*$')
            );
        ELSE
            EXECUTE regexp_replace(
                index ->> 'definition', 'INDEX \S+ ON \S+', format('INDEX %I ON public.{table}', index ->> 'name')
            );
        END IF;
    END LOOP;
    EXECUTE format(
        'ALTER TABLE public.{table} ATTACH PARTITION public.%I FOR VALUES FROM (MINVALUE) TO (%L)', was, '{bound}'
    );
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT {table}_bound', was);
    EXECUTE format('REVOKE ALL ON public.%I FROM %I', was, '{runtime_role}');
    -- What has no month is written all the same.
    EXECUTE 'CREATE TABLE public.{table}_without_month (LIKE public.{table} INCLUDING DEFAULTS)';
    PERFORM public.audit_close('{table}_without_month');
    PERFORM public.audit_guard('{table}_without_month', '{table}');
    EXECUTE 'ALTER TABLE public.{table} ATTACH PARTITION public.{table}_without_month DEFAULT';
END
$$

-- The functions that write the trail. They belong to the owner and run with the owner's rights (SECURITY DEFINER), so
-- the runtime role needs no right to write the trail, and has none.

-- (The planner inlines functions like this one, a single SQL expression, so that they cost no call.)
CREATE FUNCTION audit_digest(salt uuid, before jsonb, after jsonb, ip_address inet, user_agent text)
RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(jsonb_build_array(salt, before, after, host(ip_address), user_agent)::text, 'UTF8'))
$$;

-- A masked value: its last four characters, if it is long enough to keep the rest hidden.
CREATE FUNCTION audit_mask(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '***' || CASE WHEN length(value) >= 12 THEN right(value, 4) ELSE '' END
$$;

CREATE FUNCTION audit_masks(j jsonb, masked text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(c, public.audit_mask(j ->> c)) FROM unnest(masked) AS c);
END
$$;

-- The content of the statement's leading comment: k and a are the actor's kind and id, h and i those of who is behind
-- the actor, n the tenant, r the request, b the batch, and t the table whose change a signal announced. Only the very
-- start of the statement is read, because values further inside could contain a forged comment. Broken JSON makes the
-- write fail.
CREATE FUNCTION audit_told(query text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN starts_with(query, '/*audit ') THEN substr(query, 9, strpos(query, '*/') - 9)::jsonb
        ELSE '{}'
    END
$$;

-- (The functions check the kind of actor. A CHECK constraint would be read and compiled again for each statement, which
-- costs a considerable part of the whole write.)
--
-- Trigger arguments, here and below: the key columns (four at most), the person's column and the tenant's column. Only
-- if the declaration treats some columns specially, these follow: the replacements of hidden values, by column; the
-- ignored columns; the masked columns; and all columns that are not personal (none if no column is), so that a column
-- added after the trigger was created counts as personal.
--
-- One generic plan for all calls: after a bulk write PostgreSQL would plan each single call again, which costs more than
-- the write.
CREATE FUNCTION audit_write_created_or_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    query text := current_query();
    told jsonb := public.audit_told(query);
    now_at timestamptz := clock_timestamp();
    request uuid := told ->> 'r';
    batch uuid := told ->> 'b';
    source text := CASE WHEN told ->> 't' = TG_TABLE_NAME THEN 'signal' ELSE 'database' END;
    kind text := coalesce(told ->> 'k', 'database');
    actor text := CASE kind WHEN 'database' THEN session_user ELSE told ->> 'a' END;
    behind_kind text := told ->> 'h';
    behind text := told ->> 'i';
    tenant text := told ->> 'n';
    keys text[] := TG_ARGV[0];
    is_new boolean := TG_OP = 'INSERT';
    action text := CASE WHEN is_new THEN 'create' ELSE 'delete' END;
BEGIN
    IF kind NOT IN ('person', 'service', 'command', 'job', 'migration', 'database')
        OR behind_kind NOT IN ('person', 'service', 'command', 'job', 'migration') THEN
        RAISE EXCEPTION 'not a kind of actor: %', coalesce(behind_kind, kind) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF TG_NARGS = 3 THEN
        INSERT INTO public.audit_entry (
            id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
            object_table, object_id, person, tenant_id, before, after
        ) OVERRIDING SYSTEM VALUE
        SELECT
            nextval('public.audit_entry_id_seq'), now_at, pg_current_xact_id()::text::bigint,
            request, batch, source, action, kind, actor, behind_kind, behind, TG_TABLE_NAME,
            concat_ws(',', j ->> keys[1], j ->> keys[2], j ->> keys[3], j ->> keys[4]),
            j ->> TG_ARGV[1], coalesce(j ->> TG_ARGV[2], tenant),
            CASE WHEN NOT is_new THEN j END, CASE WHEN is_new THEN j END
        FROM (SELECT to_jsonb(r) AS j FROM changed_rows r OFFSET 0) AS rows;
        RETURN NULL;
    END IF;
    DECLARE
        hidden jsonb := TG_ARGV[3];
        ignored text[] := TG_ARGV[4];
        masked text[] := TG_ARGV[5];
        not_personal text[] := TG_ARGV[6];
        has_masked boolean := masked <> '{}';
        has_personal boolean := not_personal <> '{}';
    BEGIN
        WITH changed AS MATERIALIZED (
            SELECT
                nextval('public.audit_entry_id_seq') AS id, j,
                (j - ignored) || hidden || CASE WHEN has_masked THEN public.audit_masks(j, masked) ELSE '{}' END
                    AS shown,
                CASE WHEN has_personal THEN j - not_personal END AS personal,
                CASE WHEN has_personal THEN gen_random_uuid() END AS salt
            FROM (SELECT to_jsonb(r) AS j FROM changed_rows r OFFSET 0) AS rows
        ), kept AS (
            INSERT INTO public.audit_personal (entry_id, at, salt, before, after)
            SELECT id, now_at, salt, CASE WHEN NOT is_new THEN personal END, CASE WHEN is_new THEN personal END
            FROM changed WHERE has_personal
        )
        INSERT INTO public.audit_entry (
            id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
            object_table, object_id, person, tenant_id, before, after, personal_digest
        ) OVERRIDING SYSTEM VALUE
        SELECT
            id, now_at, pg_current_xact_id()::text::bigint,
            request, batch, source, action, kind, actor, behind_kind, behind, TG_TABLE_NAME,
            concat_ws(',', j ->> keys[1], j ->> keys[2], j ->> keys[3], j ->> keys[4]),
            j ->> TG_ARGV[1], coalesce(j ->> TG_ARGV[2], tenant),
            CASE WHEN NOT is_new THEN shown END, CASE WHEN is_new THEN shown END,
            CASE WHEN has_personal THEN public.audit_digest(
                salt, CASE WHEN NOT is_new THEN personal END, CASE WHEN is_new THEN personal END, NULL, NULL
            ) END
        FROM changed;
    END;
    RETURN NULL;
END
$$;

-- Old and new rows are paired by position: the executor fills both transition tables in the same order, and a changed
-- key would separate them otherwise. The join must be FULL, because a nested loop cannot execute a full join. The
-- planner does not know the size of these tables. After some single-row saves it would choose a nested loop for a bulk
-- update, which takes seconds for thousands of rows.
CREATE FUNCTION audit_write_updated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    query text := current_query();
    told jsonb := public.audit_told(query);
    now_at timestamptz := clock_timestamp();
    request uuid := told ->> 'r';
    batch uuid := told ->> 'b';
    source text := CASE WHEN told ->> 't' = TG_TABLE_NAME THEN 'signal' ELSE 'database' END;
    kind text := coalesce(told ->> 'k', 'database');
    actor text := CASE kind WHEN 'database' THEN session_user ELSE told ->> 'a' END;
    behind_kind text := told ->> 'h';
    behind text := told ->> 'i';
    tenant text := told ->> 'n';
    keys text[] := TG_ARGV[0];
BEGIN
    IF kind NOT IN ('person', 'service', 'command', 'job', 'migration', 'database')
        OR behind_kind NOT IN ('person', 'service', 'command', 'job', 'migration') THEN
        RAISE EXCEPTION 'not a kind of actor: %', coalesce(behind_kind, kind) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF TG_NARGS = 3 THEN
        INSERT INTO public.audit_entry (
            id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
            object_table, object_id, person, tenant_id, before, after
        ) OVERRIDING SYSTEM VALUE
        SELECT
            nextval('public.audit_entry_id_seq'), now_at, pg_current_xact_id()::text::bigint,
            request, batch, source, 'update', kind, actor, behind_kind, behind, TG_TABLE_NAME,
            concat_ws(',', o.j ->> keys[1], o.j ->> keys[2], o.j ->> keys[3], o.j ->> keys[4]),
            coalesce(o.j ->> TG_ARGV[1], n.j ->> TG_ARGV[1]),
            coalesce(o.j ->> TG_ARGV[2], n.j ->> TG_ARGV[2], tenant),
            d.before, d.after
        FROM (SELECT row_number() OVER () AS i, to_jsonb(r) AS j FROM old_rows r OFFSET 0) AS o
        FULL JOIN (SELECT row_number() OVER () AS i, to_jsonb(r) AS j FROM new_rows r OFFSET 0) AS n USING (i)
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(key, o.j -> key) AS before, jsonb_object_agg(key, value) AS after
            FROM jsonb_each(n.j) WHERE value IS DISTINCT FROM o.j -> key
        ) AS d
        WHERE o.j IS DISTINCT FROM n.j;
        RETURN NULL;
    END IF;
    DECLARE
        hidden jsonb := TG_ARGV[3];
        ignored text[] := TG_ARGV[4];
        masked text[] := TG_ARGV[5];
        not_personal text[] := TG_ARGV[6];
        has_personal boolean := not_personal <> '{}';
    BEGIN
        WITH changed AS MATERIALIZED (
            SELECT
                nextval('public.audit_entry_id_seq') AS id, o.j AS was, n.j AS is_now, d.*,
                CASE WHEN d.personal_after IS NOT NULL THEN gen_random_uuid() END AS salt
            FROM (SELECT row_number() OVER () AS i, to_jsonb(r) AS j FROM old_rows r OFFSET 0) AS o
            FULL JOIN (SELECT row_number() OVER () AS i, to_jsonb(r) AS j FROM new_rows r OFFSET 0) AS n USING (i)
            CROSS JOIN LATERAL (
                SELECT
                    jsonb_object_agg(key, CASE WHEN key = ANY (masked) THEN to_jsonb(public.audit_mask(o.j ->> key))
                        ELSE coalesce(hidden -> key, o.j -> key) END) AS before,
                    jsonb_object_agg(key, CASE WHEN key = ANY (masked) THEN to_jsonb(public.audit_mask(n.j ->> key))
                        ELSE coalesce(hidden -> key, value) END) AS after,
                    jsonb_object_agg(key, o.j -> key) FILTER (WHERE has_personal AND key <> ALL (not_personal))
                        AS personal_before,
                    jsonb_object_agg(key, value) FILTER (WHERE has_personal AND key <> ALL (not_personal))
                        AS personal_after
                FROM jsonb_each(n.j - ignored) WHERE value IS DISTINCT FROM o.j -> key
            ) AS d
            WHERE o.j IS DISTINCT FROM n.j AND d.after IS NOT NULL
        ), kept AS (
            INSERT INTO public.audit_personal (entry_id, at, salt, before, after)
            SELECT id, now_at, salt, personal_before, personal_after FROM changed WHERE salt IS NOT NULL
        )
        INSERT INTO public.audit_entry (
            id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
            object_table, object_id, person, tenant_id, before, after, personal_digest
        ) OVERRIDING SYSTEM VALUE
        SELECT
            id, now_at, pg_current_xact_id()::text::bigint,
            request, batch, source, 'update', kind, actor, behind_kind, behind, TG_TABLE_NAME,
            concat_ws(',', was ->> keys[1], was ->> keys[2], was ->> keys[3], was ->> keys[4]),
            coalesce(was ->> TG_ARGV[1], is_now ->> TG_ARGV[1]),
            coalesce(was ->> TG_ARGV[2], is_now ->> TG_ARGV[2], tenant),
            before, after,
            CASE WHEN salt IS NOT NULL THEN
                public.audit_digest(salt, personal_before, personal_after, NULL, NULL) END
        FROM changed;
    END;
    RETURN NULL;
END
$$;

-- Record a named event. The source is fixed here and the name must have a dot, so an event can never pass for a change.
CREATE FUNCTION audit_event(name text, told jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry_id bigint := nextval('public.audit_entry_id_seq');
    now_at timestamptz := clock_timestamp();
    kind text := coalesce(told ->> 'actor_kind', 'database');
    behind_kind text := told ->> 'behind_kind';
    ip_address inet := told ->> 'ip_address';
    user_agent text := told ->> 'user_agent';
    personal jsonb := told -> 'personal';
    salt uuid := CASE WHEN coalesce(ip_address::text, user_agent, personal::text) IS NOT NULL THEN gen_random_uuid() END;
BEGIN
    IF kind NOT IN ('person', 'service', 'command', 'job', 'migration', 'database')
        OR behind_kind NOT IN ('person', 'service', 'command', 'job', 'migration') THEN
        RAISE EXCEPTION 'not a kind of actor: %', coalesce(behind_kind, kind) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF name !~ '^[a-z_]+(\.[a-z_]+)+$' THEN
        RAISE EXCEPTION 'not the name of an event: %', name USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF salt IS NOT NULL THEN
        INSERT INTO public.audit_personal (entry_id, at, salt, after, ip_address, user_agent)
        VALUES (entry_id, now_at, salt, personal, ip_address, user_agent);
    END IF;
    INSERT INTO public.audit_entry (
        id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
        object_table, object_id, person, tenant_id, reason, details, personal_digest
    ) OVERRIDING SYSTEM VALUE VALUES (
        entry_id, now_at, pg_current_xact_id()::text::bigint,
        (told ->> 'request_id')::uuid, (told ->> 'batch_id')::uuid, 'event', name,
        kind, CASE kind WHEN 'database' THEN session_user ELSE told ->> 'actor_id' END, behind_kind, told ->> 'behind_id',
        told ->> 'object_table', told ->> 'object_id', told ->> 'person', told ->> 'tenant_id', told ->> 'reason',
        told -> 'details',
        CASE WHEN salt IS NOT NULL THEN public.audit_digest(salt, NULL, personal, ip_address, user_agent) END
    );
END
$$;

-- Refuse changes of the trail. Only the functions of retention may DELETE, and they announce it by a setting. No role
-- but the owner has the right to.
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('audit.removing', true) = 'retention' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

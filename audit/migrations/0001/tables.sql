-- The trail. Plain ids and no foreign keys: an entry outlives what it tells of.
-- The key carries the time, so that the table can be partitioned by month without another key.
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    txid bigint NOT NULL, -- ids commit out of order: only what lies below pg_snapshot_xmin may be sealed
    request_id uuid,
    batch_id uuid,
    source text NOT NULL,
    action text NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    object_table text,
    object_id text,
    person text, -- whose data it is
    tenant_id text,
    reason text,
    before jsonb,
    after jsonb,
    details jsonb,
    personal_digest bytea, -- audit_digest() of the row in audit_personal; stays when erasure empties that
    PRIMARY KEY (id, at)
);
CREATE INDEX audit_entry_object ON audit_entry (object_id, object_table, id);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, id);
CREATE INDEX audit_entry_person ON audit_entry (person, id) WHERE person IS NOT NULL;
CREATE INDEX audit_entry_request ON audit_entry (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX audit_entry_event ON audit_entry (action, id) WHERE source = 'event';

-- Personal values of an entry, beside it, so that erasure can empty them and the entry stays as it is.
CREATE TABLE audit_personal (
    entry_id bigint NOT NULL,
    at timestamptz NOT NULL,
    salt uuid NOT NULL, -- without it the digest cannot be tried against guessed values
    before jsonb,
    after jsonb,
    address inet,
    user_agent text,
    PRIMARY KEY (entry_id, at)
);

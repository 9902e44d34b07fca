-- The trail. Plain ids and no foreign keys: an entry outlives what it tells of.
-- The key carries the time, by which the table is partitioned: months.sql makes its partitions.
-- Before version 17 of PostgreSQL no partition can have an identity column: a sequence gives the ids.
CREATE SEQUENCE audit_entry_id_seq;
CREATE TABLE audit_entry (
    id bigint NOT NULL DEFAULT nextval('audit_entry_id_seq'),
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
    behind_kind text, -- who stands behind the actor
    behind_id text,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE audit_entry_id_seq OWNED BY audit_entry.id;
CREATE INDEX audit_entry_object ON audit_entry (object_id, object_table, id);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, id);
CREATE INDEX audit_entry_person ON audit_entry (person, id) WHERE person IS NOT NULL;
CREATE INDEX audit_entry_request ON audit_entry (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX audit_entry_event ON audit_entry (action, id) WHERE source = 'event';
CREATE INDEX audit_entry_batch ON audit_entry (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX audit_entry_txid ON audit_entry (txid, id);
CREATE INDEX audit_entry_tenant ON audit_entry (tenant_id, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX audit_entry_table ON audit_entry (object_table, id) WHERE object_table IS NOT NULL;
CREATE INDEX audit_entry_reference ON audit_entry ((details ->> 'reference'), id) WHERE details ? 'reference';

-- Personal values of an entry, beside it, so that erasure can empty them and the entry stays as it is.
CREATE TABLE audit_personal (
    entry_id bigint NOT NULL,
    at timestamptz NOT NULL,
    salt uuid NOT NULL, -- without it the digest cannot be tried against guessed values
    before jsonb,
    after jsonb,
    ip_address inet,
    user_agent text,
    PRIMARY KEY (entry_id, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_personal_ip_address ON audit_personal (ip_address, entry_id) WHERE ip_address IS NOT NULL;

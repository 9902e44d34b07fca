-- The trail. It has plain ids and no foreign keys, because an entry outlives the objects that it refers to.
-- The primary key includes the time, by which the table is partitioned; months.sql creates the partitions.
-- Before PostgreSQL 17 a partition cannot have an identity column, so a sequence generates the ids.
CREATE SEQUENCE audit_entry_id_seq;
CREATE TABLE audit_entry (
    id bigint NOT NULL DEFAULT nextval('audit_entry_id_seq'),
    at timestamptz NOT NULL,
    txid bigint NOT NULL, -- ids commit out of order, so only entries below pg_snapshot_xmin may be sealed
    request_id uuid,
    batch_id uuid,
    source text NOT NULL,
    action text NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    object_table text,
    object_id text,
    person text, -- the id of the data subject
    tenant_id text,
    reason text,
    before jsonb,
    after jsonb,
    details jsonb,
    personal_digest bytea, -- audit_digest() of the row in audit_personal; stays when an erasure removes that row
    behind_kind text, -- who acts through the actor
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

-- The personal values of entries, in a side table, so that an erasure can remove them and the entry stays as it is.
CREATE TABLE audit_personal (
    entry_id bigint NOT NULL,
    at timestamptz NOT NULL,
    salt uuid NOT NULL, -- without it guessed values cannot be tested against the digest
    before jsonb,
    after jsonb,
    ip_address inet,
    user_agent text,
    PRIMARY KEY (entry_id, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_personal_ip_address ON audit_personal (ip_address, entry_id) WHERE ip_address IS NOT NULL;

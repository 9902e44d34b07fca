-- A deleted account takes the keys of services with it that its person has seen, whoever deletes it. As in 0001, row-level
-- security may hide these rows from the code that deletes, so the database itself clears the reference.
DO $$
DECLARE
    named text;
BEGIN
    SELECT c.conname INTO STRICT named FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.conrelid = 'authserver_apikey'::regclass AND c.contype = 'f' AND a.attname = 'created_by_id';
    EXECUTE format('ALTER TABLE authserver_apikey DROP CONSTRAINT %I', named);
    EXECUTE format(
        'ALTER TABLE authserver_apikey ADD CONSTRAINT %I FOREIGN KEY (created_by_id) REFERENCES accounts_user (id) '
        'ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED', named
    );
END
$$;
CREATE FUNCTION api_key_without_creator() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.revoked_at := coalesce(NEW.revoked_at, statement_timestamp());
    RETURN NEW;
END $$;
CREATE TRIGGER revoke_without_creator BEFORE UPDATE ON authserver_apikey FOR EACH ROW
WHEN (OLD.created_by_id IS NOT NULL AND NEW.created_by_id IS NULL)
EXECUTE FUNCTION api_key_without_creator();

-- The purge deletes consents by SQL. The few rows that refer to such an old one go with it.
DO $$
DECLARE
    reference record;
BEGIN
    FOR reference IN
        SELECT c.conname, c.conrelid::regclass AS of_table FROM pg_constraint c
        WHERE c.contype = 'f' AND c.confrelid = 'authserver_consent'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', reference.of_table, reference.conname);
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (consent_id) REFERENCES authserver_consent (id) '
            'ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED',
            reference.of_table, reference.conname
        );
    END LOOP;
END
$$;

-- Row-level security may hide these rows from the code that deletes an account or a service. So the database itself
-- deletes them (CASCADE) or clears the reference (SET NULL); the trail records both.
DO $$
DECLARE
    reference record;
    named text;
BEGIN
    FOR reference IN
        SELECT * FROM (VALUES
            ('authserver_serviceaccount', 'owner_id', 'accounts_user', 'CASCADE'),
            ('authserver_serviceaccount', 'created_by_id', 'accounts_user', 'SET NULL'),
            ('authserver_apikey', 'user_id', 'accounts_user', 'CASCADE'),
            ('authserver_apikey', 'service_id', 'authserver_serviceaccount', 'CASCADE'),
            ('authserver_certificateidentity', 'service_id', 'authserver_serviceaccount', 'CASCADE'),
            ('authserver_client', 'service_id', 'authserver_serviceaccount', 'SET NULL'),
            ('authserver_client', 'created_by_id', 'accounts_user', 'SET NULL')
        ) AS r (of_table, of_column, to_table, act)
    LOOP
        SELECT c.conname INTO STRICT named FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.conrelid = reference.of_table::regclass AND c.contype = 'f' AND a.attname = reference.of_column;
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', reference.of_table, named);
        EXECUTE format(
            'ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %I (id) ON DELETE %s '
            'DEFERRABLE INITIALLY DEFERRED',
            reference.of_table, named, reference.of_column, reference.to_table, reference.act
        );
    END LOOP;
END
$$;

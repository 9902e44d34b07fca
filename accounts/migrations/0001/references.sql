-- A role that deletes an account may not see its memberships, its bulk actions, or the invitations that it sent or
-- accepted. So the database deletes the former (CASCADE) and clears the reference in the latter (SET NULL); the trail
-- records both.
DO $$
DECLARE
    reference record;
    named text;
BEGIN
    FOR reference IN
        SELECT * FROM (VALUES
            ('accounts_membership', 'user_id', 'CASCADE'),
            ('accounts_bulkaction', 'user_id', 'CASCADE'),
            ('accounts_invitation', 'invited_by_id', 'SET NULL'),
            ('accounts_invitation', 'accepted_by_id', 'SET NULL')
        ) AS r (of_table, of_column, act)
    LOOP
        SELECT c.conname INTO STRICT named FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.conrelid = reference.of_table::regclass AND c.contype = 'f' AND a.attname = reference.of_column;
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', reference.of_table, named);
        EXECUTE format(
            'ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES accounts_user (id) ON DELETE %s '
            'DEFERRABLE INITIALLY DEFERRED', reference.of_table, named, reference.of_column, reference.act
        );
    END LOOP;
END
$$;

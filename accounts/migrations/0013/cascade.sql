-- Who deletes an account may not see the bulk actions that it started: the database takes them along.
DO $$
DECLARE
    named text := (
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'accounts_bulkaction'::regclass AND confrelid = 'accounts_user'::regclass AND contype = 'f'
    );
BEGIN
    EXECUTE format('ALTER TABLE accounts_bulkaction DROP CONSTRAINT %I', named);
    EXECUTE format(
        'ALTER TABLE accounts_bulkaction ADD CONSTRAINT %I FOREIGN KEY (user_id) REFERENCES accounts_user (id) '
        'ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED', named
    );
END
$$;

-- Who deletes an account may not see its memberships: the database takes them along, and the trail tells it.
DO $$
DECLARE
    named text := (
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'accounts_membership'::regclass AND confrelid = 'accounts_user'::regclass AND contype = 'f'
    );
BEGIN
    EXECUTE format('ALTER TABLE accounts_membership DROP CONSTRAINT %I', named);
    EXECUTE format(
        'ALTER TABLE accounts_membership ADD CONSTRAINT %I FOREIGN KEY (user_id) REFERENCES accounts_user (id) '
        'ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED', named
    );
END
$$;

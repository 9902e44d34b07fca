-- Row-level security may hide a person's clients from the code that deletes their account. So the database itself
-- sets created_by_id to null.
DO $$
DECLARE
    named text := (
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'authserver_client'::regclass AND confrelid = 'accounts_user'::regclass AND contype = 'f'
    );
BEGIN
    EXECUTE format('ALTER TABLE authserver_client DROP CONSTRAINT %I', named);
    EXECUTE format(
        'ALTER TABLE authserver_client ADD CONSTRAINT %I FOREIGN KEY (created_by_id) REFERENCES accounts_user (id) '
        'ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED', named
    );
END
$$;

-- Who deletes an account may not see the invitations it sent or accepted: the database lets go of it in them.
DO $$
DECLARE
    place text;
    named text;
BEGIN
    FOREACH place IN ARRAY ARRAY['invited_by_id', 'accepted_by_id'] LOOP
        SELECT c.conname INTO STRICT named FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.conrelid = 'accounts_invitation'::regclass AND c.contype = 'f' AND a.attname = place;
        EXECUTE format('ALTER TABLE accounts_invitation DROP CONSTRAINT %I', named);
        EXECUTE format(
            'ALTER TABLE accounts_invitation ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES accounts_user (id) '
            'ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED', named, place
        );
    END LOOP;
END
$$;

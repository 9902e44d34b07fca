-- A dispute about an address is settled when all accounts but one lose the address or its verification, by whatever
-- means. Until then one of the remaining accounts has number 0, so that no other account can verify the address.
CREATE FUNCTION accounts_leave_dispute() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT NEW.email_verified OR NEW.canonical_email IS DISTINCT FROM OLD.canonical_email THEN
        NEW.email_dispute := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION accounts_settle_dispute() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    left_over uuid[] := ARRAY(
        SELECT id FROM public.accounts_user
        WHERE canonical_email = OLD.canonical_email AND email_verified AND email_dispute IS NOT NULL
        ORDER BY email_dispute FOR NO KEY UPDATE
    );
BEGIN
    UPDATE public.accounts_user SET email_dispute = CASE WHEN cardinality(left_over) > 1 THEN 0 END
        WHERE id = left_over[1] AND (cardinality(left_over) = 1 OR email_dispute > 0);
    RETURN NULL;
END $$;
CREATE TRIGGER leave_dispute BEFORE UPDATE OF email, canonical_email, email_verified ON accounts_user
    FOR EACH ROW WHEN (OLD.email_dispute IS NOT NULL) EXECUTE FUNCTION accounts_leave_dispute();
CREATE TRIGGER settle_dispute AFTER UPDATE OF email, canonical_email, email_verified, email_dispute ON accounts_user
    FOR EACH ROW WHEN (OLD.email_dispute IS NOT NULL) EXECUTE FUNCTION accounts_settle_dispute();
CREATE TRIGGER settle_dispute_of_deleted AFTER DELETE ON accounts_user
    FOR EACH ROW WHEN (OLD.email_dispute IS NOT NULL) EXECUTE FUNCTION accounts_settle_dispute();

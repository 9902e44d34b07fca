-- The last active superuser stays, whether a form, a script or psql tries to remove it. Two superusers who demote each
-- other concurrently wait for each other here, and the second sees what the first has done.
CREATE FUNCTION accounts_keep_a_superuser() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1582633126);  -- ONE_AT_A_TIME in accounts/organizations/delegation.py
    IF NOT EXISTS (SELECT FROM public.accounts_user WHERE is_superuser AND is_active) THEN
        RAISE EXCEPTION 'the last superuser stays' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_a_superuser AFTER DELETE ON accounts_user
    FOR EACH ROW WHEN (OLD.is_superuser AND OLD.is_active) EXECUTE FUNCTION accounts_keep_a_superuser();
CREATE TRIGGER keep_a_superuser_active AFTER UPDATE OF is_superuser, is_active ON accounts_user
    FOR EACH ROW WHEN (OLD.is_superuser AND OLD.is_active AND NOT (NEW.is_superuser AND NEW.is_active))
    EXECUTE FUNCTION accounts_keep_a_superuser();

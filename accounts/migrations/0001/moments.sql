-- Whether a moment should move. An older value comes from a stale copy of the row, unless the stored one is in the
-- future.
CREATE FUNCTION accounts_is_moved(was timestamptz, wanted timestamptz) RETURNS boolean LANGUAGE sql VOLATILE
RETURN wanted > coalesce(was, '-infinity') OR (was > clock_timestamp() AND wanted IS DISTINCT FROM was);

-- The current time of the database, but never the stored value: such moments are compared for equality.
CREATE FUNCTION accounts_another_moment(was timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN (
    SELECT CASE WHEN m.now IS DISTINCT FROM was THEN m.now ELSE m.now + interval '1 microsecond' END
    FROM (SELECT clock_timestamp() AS now OFFSET 0) m
);

-- not_before moves whenever the account is deactivated or reactivated, and when a statement sets a later one. The new
-- value is always the current time, whatever was given or was stored while the clock was ahead, and never the same
-- twice (ADR 42). Saving a whole row from a stale copy does not move it, unless the stored value is in the future: then
-- the two cases cannot be distinguished.
CREATE FUNCTION accounts_move_not_before() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.is_active IS DISTINCT FROM NEW.is_active OR public.accounts_is_moved(OLD.not_before, NEW.not_before) THEN
        NEW.not_before := public.accounts_another_moment(OLD.not_before);
    ELSE
        NEW.not_before := OLD.not_before;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER move_not_before BEFORE UPDATE ON accounts_user FOR EACH ROW
WHEN ((OLD.is_active, OLD.not_before) IS DISTINCT FROM (NEW.is_active, NEW.not_before))
EXECUTE FUNCTION accounts_move_not_before();

-- Every change of how a person signs in, or of what they may do, moves their epoch to the current time: an
-- authentication that was verified before opens no session (ADR 28). It is a trigger, so that an UPDATE in psql counts
-- too. Saving a whole row from a stale copy does not move it.
CREATE FUNCTION accounts_move_sign_in_epoch() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was_verified CONSTANT boolean := OLD.email_verified
        AND (OLD.email, OLD.email_verified) IS DISTINCT FROM (NEW.email, NEW.email_verified);
BEGIN
    IF was_verified
        OR (OLD.password, OLD.username, OLD.is_active, OLD.is_staff, OLD.is_superuser, OLD.second_factor_required,
            OLD.not_before)
        IS DISTINCT FROM
        (NEW.password, NEW.username, NEW.is_active, NEW.is_staff, NEW.is_superuser, NEW.second_factor_required,
            NEW.not_before)
        OR public.accounts_is_moved(OLD.sign_in_epoch, NEW.sign_in_epoch)
    THEN
        NEW.sign_in_epoch := public.accounts_another_moment(OLD.sign_in_epoch);
    ELSE
        NEW.sign_in_epoch := OLD.sign_in_epoch;
    END IF;
    RETURN NEW;
END $$;

-- Its name sorts after move_not_before: triggers of one kind run in the order of their names.
CREATE TRIGGER move_sign_in_epoch BEFORE UPDATE ON accounts_user FOR EACH ROW
WHEN (
    (OLD.password, OLD.username, OLD.email, OLD.email_verified, OLD.is_active, OLD.is_staff, OLD.is_superuser,
        OLD.second_factor_required, OLD.not_before, OLD.sign_in_epoch)
    IS DISTINCT FROM
    (NEW.password, NEW.username, NEW.email, NEW.email_verified, NEW.is_active, NEW.is_staff, NEW.is_superuser,
        NEW.second_factor_required, NEW.not_before, NEW.sign_in_epoch)
)
EXECUTE FUNCTION accounts_move_sign_in_epoch();

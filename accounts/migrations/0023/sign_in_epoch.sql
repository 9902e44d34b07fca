-- Whatever changes how a person comes in, or what they may do, moves their epoch: a proof that was judged before opens
-- nothing (ADR 28). Here, so that an UPDATE at the database's prompt counts as well. The epoch never goes back, whatever
-- the clock does, and a whole row saved from an older copy leaves it where it is.
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
        OR NEW.sign_in_epoch > coalesce(OLD.sign_in_epoch, '-infinity')
    THEN
        NEW.sign_in_epoch := greatest(clock_timestamp(), OLD.sign_in_epoch + interval '1 microsecond');
    ELSE
        NEW.sign_in_epoch := OLD.sign_in_epoch;
    END IF;
    RETURN NEW;
END $$;

-- Named to come after move_not_before: triggers of one kind run in the order of their names.
CREATE TRIGGER move_sign_in_epoch BEFORE UPDATE ON accounts_user FOR EACH ROW
WHEN (
    (OLD.password, OLD.username, OLD.email, OLD.email_verified, OLD.is_active, OLD.is_staff, OLD.is_superuser,
        OLD.second_factor_required, OLD.not_before, OLD.sign_in_epoch)
    IS DISTINCT FROM
    (NEW.password, NEW.username, NEW.email, NEW.email_verified, NEW.is_active, NEW.is_staff, NEW.is_superuser,
        NEW.second_factor_required, NEW.not_before, NEW.sign_in_epoch)
)
EXECUTE FUNCTION accounts_move_sign_in_epoch();

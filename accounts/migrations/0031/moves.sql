-- not_before moves whenever the account is closed or opened, and when somebody says so. The moment is this very one,
-- whatever was said and whatever a clock that was ahead has left there, and never the same twice (ADR 42). A whole row
-- that is saved from an older copy leaves it where it is; over a moment in the future it moves it: nobody can tell then.
CREATE OR REPLACE FUNCTION accounts_move_not_before() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.is_active IS DISTINCT FROM NEW.is_active OR public.accounts_is_moved(OLD.not_before, NEW.not_before) THEN
        NEW.not_before := public.accounts_another_moment(OLD.not_before);
    ELSE
        NEW.not_before := OLD.not_before;
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER move_not_before ON accounts_user;
CREATE TRIGGER move_not_before BEFORE UPDATE ON accounts_user FOR EACH ROW
WHEN ((OLD.is_active, OLD.not_before) IS DISTINCT FROM (NEW.is_active, NEW.not_before))
EXECUTE FUNCTION accounts_move_not_before();

-- As before (ADR 28), and the epoch moves to this very moment too.
CREATE OR REPLACE FUNCTION accounts_move_sign_in_epoch() RETURNS trigger LANGUAGE plpgsql
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

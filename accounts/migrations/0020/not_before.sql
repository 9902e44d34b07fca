-- What was given to somebody before their account was closed, or opened again, never serves any more: whoever closes
-- it and however, often by one UPDATE of many rows (ADR 21). clock_timestamp: what began before this very moment.
CREATE FUNCTION accounts_move_not_before() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.not_before := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER move_not_before BEFORE UPDATE OF is_active ON accounts_user
    FOR EACH ROW WHEN (OLD.is_active IS DISTINCT FROM NEW.is_active) EXECUTE FUNCTION accounts_move_not_before();

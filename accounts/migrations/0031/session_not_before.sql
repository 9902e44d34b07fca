-- Code of before does not say under which not_before of its person it gives a session: the database adds it (ADR 42),
-- by the rule of then. STABLE, so that it sees what the INSERT sees.
CREATE FUNCTION accounts_session_not_before() RETURNS trigger LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.not_before := (
        SELECT u.not_before FROM public.accounts_user u WHERE u.id = NEW.user_id AND NEW.created_at >= u.not_before
    );
    RETURN NEW;
END $$;
CREATE TRIGGER note_not_before BEFORE INSERT ON accounts_session
    FOR EACH ROW WHEN (NEW.user_id IS NOT NULL AND NEW.not_before IS NULL)
    EXECUTE FUNCTION accounts_session_not_before();

-- Those that serve today go on.
UPDATE accounts_session s SET not_before = u.not_before
FROM accounts_user u WHERE u.id = s.user_id AND s.created_at >= u.not_before;

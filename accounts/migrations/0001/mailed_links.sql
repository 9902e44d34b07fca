-- Mailed links are deleted when their account is deactivated. This is a conditional trigger and not a signal receiver,
-- because deactivating is often one UPDATE of many rows (ADR 10).
CREATE FUNCTION accounts_drop_mailed_links() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.accounts_mailedlink WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER drop_mailed_links AFTER UPDATE OF is_active ON accounts_user
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION accounts_drop_mailed_links();

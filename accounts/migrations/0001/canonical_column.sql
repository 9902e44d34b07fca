-- Mark whether a statement writes the canonical column: if the address changes, the value may stay only then.
CREATE FUNCTION {table}_canonical_given() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.{canonical} := chr(1) || NEW.{canonical};
    RETURN NEW;
END $$;
CREATE FUNCTION {table}_canonical_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given text := NEW.{canonical};
BEGIN
    IF starts_with(given, chr(1)) THEN
        given := substr(given, 2);
    ELSIF TG_OP = 'UPDATE' AND public.accounts_folded_email(OLD.{email})
        IS DISTINCT FROM public.accounts_folded_email(NEW.{email}) THEN
        given := NULL;
    END IF;
    NEW.{canonical} := public.accounts_canonical(NEW.{email}, given);
    RETURN NEW;
END $$;
CREATE TRIGGER canonical_1_given BEFORE INSERT OR UPDATE OF {canonical} ON {table}
    FOR EACH ROW WHEN (NEW.{canonical} IS NOT NULL) EXECUTE FUNCTION {table}_canonical_given();
CREATE TRIGGER canonical_2_kept BEFORE INSERT OR UPDATE OF {email}, {canonical} ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_canonical_kept();

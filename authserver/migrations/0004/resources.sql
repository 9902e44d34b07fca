-- A client may not get tokens for a resource server that is gone: whoever registers its identifier next would get them.
-- A trigger sees each way in which one goes: by the admin, with its tenant, by SQL. One that is given to another tenant
-- is gone for the clients of all others but the site. Row-level security must not hide a client.
CREATE FUNCTION resource_gone() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    is_gone boolean := TG_OP = 'DELETE' OR NEW.identifier <> OLD.identifier;
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    UPDATE public.authserver_client SET resources = array_remove(resources, OLD.identifier)
    WHERE OLD.identifier = ANY (resources)
        AND (is_gone OR (NEW.tenant_id IS NOT NULL AND tenant_id IS NOT NULL AND tenant_id <> NEW.tenant_id));
    PERFORM set_config('app.scope', outer_scope, true);
    RETURN NULL;
END
$$;
CREATE TRIGGER leave_clients AFTER DELETE OR UPDATE OF identifier, tenant_id ON authserver_resource
FOR EACH ROW EXECUTE FUNCTION resource_gone();

-- How long a session may last without use and in all: the site's limits, shortened by every tenant that its person
-- belongs to. The function enters the site's scope and restores the caller's.
CREATE FUNCTION session_limits(person uuid, remembered boolean, site_idle interval, site_lifetime interval)
RETURNS TABLE (idle interval, lifetime interval) LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT
        least(site_idle, min(CASE WHEN remembered THEN make_interval(days => t.remembered_idle_days)
            ELSE make_interval(mins => t.session_idle_minutes) END)),
        least(site_lifetime, min(CASE WHEN remembered THEN make_interval(days => t.remembered_lifetime_days)
            ELSE make_interval(hours => t.session_lifetime_hours) END))
    INTO idle, lifetime
    FROM public.accounts_membership m JOIN public.accounts_tenant t ON t.id = m.tenant_id WHERE m.user_id = person;
    PERFORM set_config('app.scope', outer_scope, true);
    RETURN NEXT;
END
$$;

-- When a tenant shortens its limits, or a person joins a tenant with limits, existing sessions are shortened too. They
-- are never lengthened: longer limits begin with the next sign-in.
CREATE FUNCTION session_shorten() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    joined uuid;
    tenant public.accounts_tenant;
BEGIN
    IF TG_TABLE_NAME = 'accounts_tenant' THEN
        tenant := NEW;
    ELSE
        joined := NEW.user_id;
        SELECT * INTO tenant FROM public.accounts_tenant t WHERE t.id = NEW.tenant_id;
    END IF;
    IF coalesce(
        tenant.session_idle_minutes, tenant.session_lifetime_hours, tenant.remembered_idle_days,
        tenant.remembered_lifetime_days
    ) IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE public.accounts_session s SET
        idle = least(s.idle, l.idle),
        ends_at = least(s.ends_at, s.created_at + l.lifetime),
        expire_date = least(s.expire_date, s.last_seen_at + l.idle, s.created_at + l.lifetime)
    FROM (
        SELECT
            h.session_key,
            CASE WHEN h.is_remembered THEN make_interval(days => tenant.remembered_idle_days)
                ELSE make_interval(mins => tenant.session_idle_minutes) END AS idle,
            CASE WHEN h.is_remembered THEN make_interval(days => tenant.remembered_lifetime_days)
                ELSE make_interval(hours => tenant.session_lifetime_hours) END AS lifetime
        FROM public.accounts_session h JOIN public.accounts_membership m ON m.user_id = h.user_id
        WHERE m.tenant_id = tenant.id AND (joined IS NULL OR m.user_id = joined)
    ) l
    WHERE s.session_key = l.session_key AND coalesce(l.idle, l.lifetime) IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE TRIGGER session_shorten AFTER UPDATE ON public.accounts_tenant FOR EACH ROW
WHEN (
    (OLD.session_idle_minutes, OLD.session_lifetime_hours, OLD.remembered_idle_days, OLD.remembered_lifetime_days)
    IS DISTINCT FROM
    (NEW.session_idle_minutes, NEW.session_lifetime_hours, NEW.remembered_idle_days, NEW.remembered_lifetime_days)
)
EXECUTE FUNCTION session_shorten();

CREATE TRIGGER session_shorten AFTER INSERT ON public.accounts_membership FOR EACH ROW
EXECUTE FUNCTION session_shorten();

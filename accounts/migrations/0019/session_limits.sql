-- How long a session may live without use and in all: the site's limits, shortened by every tenant that its person
-- belongs to. It opens the site's scope for itself alone and closes it again.
CREATE FUNCTION session_limits(person uuid, remembered boolean, site_idle interval, site_life interval)
RETURNS TABLE (idle interval, life interval) LANGUAGE plpgsql AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT
        least(site_idle, min(CASE WHEN remembered THEN make_interval(days => t.remembered_idle_days)
            ELSE make_interval(mins => t.session_idle_minutes) END)),
        least(site_life, min(CASE WHEN remembered THEN make_interval(days => t.remembered_life_days)
            ELSE make_interval(hours => t.session_life_hours) END))
    INTO idle, life
    FROM public.accounts_membership m JOIN public.accounts_tenant t ON t.id = m.tenant_id WHERE m.user_id = person;
    PERFORM set_config('app.scope', outer_scope, true);
    RETURN NEXT;
END
$$;

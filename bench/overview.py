"""What the admin's overview costs on a large site: `python -m bench.overview`.

Fills its own database with people, sessions and a trail of 120 days. Then it times each count, from scratch and
incrementally, and the page: with nothing counted, with everything counted, and for staff without the overview.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from statistics import median

from bench.admin.data import not_audited
from bench.ours import Vestibule
from bench.running import Running

TIMES = 20  # that a page is opened

PEOPLE = """
    INSERT INTO accounts_user (id, password, is_superuser, name, email_verified, is_active, is_staff, created_at)
    SELECT md5('person' || n)::uuid, '!', false, 'Person ' || n, false, n % 50 <> 0, false, now()
    FROM generate_series(1, {people}) n
"""
SESSIONS = """
    INSERT INTO accounts_session (session_key, session_data, expire_date, user_id, provider)
    SELECT
        md5('session' || n), repeat(md5(n::text), 14), now() + (random() * 20 - 6) * interval '1 day',
        md5('person' || 1 + floor(random() * {people}))::uuid,
        (ARRAY['google', 'microsoft', 'github', 'keycloak'])[1 + n % 4]
    FROM generate_series(1, {people}) n
"""
TRAIL = """
    INSERT INTO audit_entry (at, txid, source, action, actor_kind, actor_id, person, after, details)
    SELECT
        now() - ({entries} - n) * interval '120 days' / {entries}, n,
        CASE WHEN n % 10 < 7 THEN 'event' ELSE 'signal' END,
        CASE WHEN n % 10 < 6 THEN 'sign_in.succeeded' WHEN n % 10 = 6 THEN 'sign_in.refused' ELSE 'update' END,
        'person', person, person,
        CASE WHEN n % 10 >= 7 THEN jsonb_build_object('name', 'Person ' || n) END,
        CASE WHEN n % 10 < 7 THEN jsonb_build_object(
            'provider', (ARRAY['google', 'microsoft', 'github', 'keycloak'])[1 + n / 10 % 4],
            'reason',
            CASE n % 10 WHEN 6 THEN (ARRAY['cancelled', 'state_expired', 'provider_unreachable'])[1 + n / 10 % 3] END
        ) END
    FROM generate_series(1, {entries}) n
    CROSS JOIN LATERAL (SELECT md5('person' || 1 + floor(random() * {people} + n * 0))::uuid::text AS person) somebody
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.overview", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=5_000_000)
    arguments = parser.parse_args()
    with Running(Vestibule()) as running:
        fill(running, people=arguments.people, entries=arguments.entries)
        os.environ.update(running.environment, DJANGO_SETTINGS_MODULE="config.settings")
        measure(running)


def fill(running: Running, *, people: int, entries: int) -> None:
    """Fill the tables as the superuser and without the trail's triggers, whose entries are generated as well."""
    with running.postgres.connect("bench") as superuser:
        superuser.execute("SET session_replication_role = replica")
        with not_audited(superuser, "accounts_user"):
            for statement in (PEOPLE, SESSIONS, TRAIL):
                superuser.execute(statement.format(people=people, entries=entries))
        superuser.execute("VACUUM ANALYZE")


def measure(running: Running) -> None:
    import django  # noqa: PLC0415  # it reads the environment that was just set

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415
    from django.core.cache import cache  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.http import HttpRequest  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from accounts.sessions import SessionStore  # noqa: PLC0415
    from accounts.sessions.opening import open_session  # noqa: PLC0415
    from console.overview.counting import IN_A_JOBS_TIME  # noqa: PLC0415
    from console.overview.page import counters  # noqa: PLC0415

    def visitor(*, is_superuser: bool) -> Callable[[], object]:
        client = Client(SERVER_NAME="127.0.0.1")
        request = HttpRequest()
        request.session, request.user = SessionStore(), AnonymousUser()
        open_session(request, User.objects.create_user(is_staff=True, is_superuser=is_superuser))
        request.session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = str(request.session.session_key)
        return lambda: client.get("/admin/").content

    superuser, staff = visitor(is_superuser=True), visitor(is_superuser=False)
    say("page, nothing counted, first time", seconds(superuser))
    say("page, nothing counted, repeated", min(seconds(superuser) for _ in range(TIMES)))
    for counter in counters():
        cache.clear()
        begun = time.perf_counter()
        first = counter.recount(None, seconds=IN_A_JOBS_TIME)
        say(f"{counter.name}, first count", time.perf_counter() - begun)
        say(f"{counter.name}, later count", counter.recount(first, seconds=IN_A_JOBS_TIME).takes)
    for counter in counters():
        counter.recount(None, seconds=IN_A_JOBS_TIME)
    say("page, everything counted", median(seconds(superuser) for _ in range(TIMES)))
    say("page, staff without the overview", median(seconds(staff) for _ in range(TIMES)))
    connection.close_pool()  # type: ignore[attr-defined]  # of our own backend


def seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def say(what: str, took: float) -> None:
    sys.stdout.write(f"{what:<40} {1000 * took:>9.1f} ms\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

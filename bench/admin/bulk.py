"""Run one bulk action on a number of people, in our environment, and print its figures as JSON."""

import json
import os
import sys
import time

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from accounts.bulk import running  # noqa: PLC0415  # they need the line above
    from accounts.bulk.actions import DEACTIVATE  # noqa: PLC0415
    from accounts.models import User  # noqa: PLC0415
    from audit.models import Entry  # noqa: PLC0415
    from tenancy import site_context  # noqa: PLC0415

    count = int(sys.argv[1])
    starter = User.objects.get(username="bench")
    chosen = User.objects.filter(is_active=True, is_superuser=False).order_by("created_at")[:count]
    begun = time.perf_counter()
    with site_context("a benchmark"):
        action = running.prepare(DEACTIVATE, User.objects.filter(pk__in=chosen.values("pk")), starter)
        running.confirm(action)
    running.carry_out(action.pk, starter.pk)
    seconds = time.perf_counter() - begun
    entries = Entry.objects.filter(batch_id=action.pk)
    found = {
        "seconds": seconds,
        "entries": entries.filter(action="update").count(),
        "events": entries.filter(source="event").count(),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()

"""Writes docs/events.md: each event with its sentence and its details, by subject.

``python -m tests.support.events`` writes it, and a test compares it. A run of all tests is checked against it, too
(``tests/support/stories.py``).
"""

from django.conf import settings

from config.variables import CHECKOUT

PAGE = CHECKOUT / "docs" / "events.md"
OPENING = """# Events

Everything that the trail knows by a name, beside the changes of rows. Made by `make docs` from `audit/events.py` and
`audit/event_details.py`. Each happens in the tests, and holds no other details than these: a run of all tests fails
otherwise. Actor, time, tenant, request, batch, person concerned and object are columns of every entry; network address,
browser and personal values lie beside it, where erasure reaches them.
"""


def page() -> str:
    from audit.event_details import by_subject, details_of  # noqa: PLC0415  # its words need settings
    from audit.events import Event  # noqa: PLC0415

    parts = [OPENING]
    for subject, events in by_subject(Event).items():
        parts.append(f"\n## {subject}\n")
        for event in events:
            parts.append(f"- `{event.value}`: {event.label}")
            parts += (f"    - `{name}`: {holds}" for name, holds in details_of(event).items())
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    settings.configure(USE_I18N=False)
    PAGE.write_text(page())

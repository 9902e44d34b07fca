"""The events of the API, and of forward authentication."""

from django.utils.translation import gettext_lazy as _

from foundation.declarations import AppEvent

CREDENTIAL_REFUSED = AppEvent(
    "credential.refused",
    _("A request to the API had a credential that does not count, for the reason given."),
    {"reason": _("why, in a word")},
)
ACCESS_REFUSED = AppEvent(
    "access.refused",
    _("A request to the API was refused, because its caller lacks what the operation requires."),
    {"operation": _("what was asked"), "missing": _("what the caller lacks")},
)
IDEMPOTENT_REQUEST_PURGED = AppEvent(
    "idempotent_requests.purged",
    _("Expired idempotency keys were removed with their responses; the details count them."),
    {"count": _("how many"), "finished": _("whether nothing was left for the next run")},
)

HOST_OPENED = AppEvent(
    "protected_host.opened",
    _("A person was admitted to a protected host. The browser can open it as long as the session lasts."),
    {"origin": _("which host")},
)
HOST_REFUSED = AppEvent(
    "protected_host.refused",
    _("A proxy or a browser asked for a protected host and was refused, for the reason given."),
    {
        "origin": _("which host, if it was named"),
        "reason": _("why, in a word"),
        "reference": _("what the person's page shows, if there was one"),
    },
)

DECLARATIONS = [CREDENTIAL_REFUSED, ACCESS_REFUSED, IDEMPOTENT_REQUEST_PURGED, HOST_OPENED, HOST_REFUSED]

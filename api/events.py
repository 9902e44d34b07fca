"""The events of the API."""

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

DECLARATIONS = [CREDENTIAL_REFUSED, ACCESS_REFUSED, IDEMPOTENT_REQUEST_PURGED]

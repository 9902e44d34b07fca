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

DECLARATIONS = [CREDENTIAL_REFUSED, ACCESS_REFUSED]

"""All bulk actions, by name."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accounts.bulk.base import BulkActionKind
from accounts.bulk.of_accounts import CutOffAccount, RevokeSessions, SetFlag
from accounts.bulk.of_memberships import AddToTenant, GrantRole, RemoveFromTenant, RevokeRole
from accounts.mailing.notices import Notice

DEACTIVATE = SetFlag(
    name="deactivate",
    label=_("Deactivate…"),
    question=_("Deactivate these accounts?"),
    column="is_active",
    value=False,
    revokes_everything=True,
    notice=Notice.DEACTIVATED,
)
REACTIVATE = SetFlag(
    name="reactivate",
    label=_("Reactivate…"),
    question=_("Reactivate these accounts?"),
    column="is_active",
    value=True,
    notice=Notice.REACTIVATED,
)
REQUIRE_SECOND_FACTOR = SetFlag(
    name="require_second_factor",
    label=_("Require a second factor…"),
    question=_("Require a second factor of these people?"),
    column="second_factor_required",
    value=True,
    revokes_sessions=True,  # it is required at sign-in
)
REVOKE_SESSIONS = RevokeSessions()
ACTIONS: Mapping[str, BulkActionKind] = {
    kind.name: kind
    for kind in (
        DEACTIVATE,
        REACTIVATE,
        REVOKE_SESSIONS,
        CutOffAccount(),
        GrantRole(),
        RevokeRole(),
        AddToTenant(),
        RemoveFromTenant(),
        REQUIRE_SECOND_FACTOR,
    )
}

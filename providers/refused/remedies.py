"""How to fix the cause of a refusal. Administrators see this text when they look up the reference (promise 100)."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.organizations.invitations import InvitationRefusalReason as OfInvitation
from audit.events import Event
from providers.refusal import RefusalReason

Text = str | Promise

NOT_A_MEMBER = "not_a_member"  # the only reason for which an organization refuses
ONCE_MORE = _(
    "The person signs in once more, from the sign-in page. If it happens to many: their browsers must keep cookies of "
    "PUBLIC_URL, and the provider must send them back to the callback that the README names."
)
ISSUER = _(
    "Write <PROVIDER>_ISSUER, or the issuer of its connection, exactly as the provider publishes it, a slash at its "
    "end included, and see that the person comes from that tenant or realm."
)
CLIENT = _(
    "Compare client id, secret and the client's settings at the provider with <PROVIDER>_CLIENT_ID and "
    "<PROVIDER>_CLIENT_SECRET, or with the page of its connection. Some services let a secret expire."
)
KEYS = _(
    "The token is signed by a key that the provider does not publish. Look at its key set there; where nothing was "
    "changed, take it for an attack."
)
TOKEN = _(
    "The provider sent what OpenID Connect does not allow: its administrator looks at the client and its mappers, with "
    "the detail above. Where nothing was changed there, take it for an attack."
)
CLOCKS = _("Set the clocks of this site and of the provider right: the detail says how far apart they are.")
PROOF = _(
    "The person proves once more who they are. If it keeps happening at one provider, let its ID tokens hold auth_time."
)
AWAY = _("Nothing here: once the provider answers as it should, the person signs in. The detail says what it did.")
NOTICE = _(
    "Look at the back-channel logout of the client at the provider. One that came twice, or that the provider has not "
    "sent, needs nothing: nobody was signed out by it."
)
INVITE = _("Invite the person once more, in the admin.")
OPEN = _("Open the account on its page, if it should be open.")

PROVIDERS: Mapping[RefusalReason, Text] = {
    **dict.fromkeys(
        (
            RefusalReason.STATE_MISSING, RefusalReason.STATE_MALFORMED, RefusalReason.STATE_UNKNOWN,
            RefusalReason.STATE_EXPIRED, RefusalReason.STATE_USED, RefusalReason.STATE_OF_ANOTHER_PROVIDER,
            RefusalReason.CALLBACK_MALFORMED, RefusalReason.CANCELLED, RefusalReason.CODE_REFUSED,
            RefusalReason.FACTOR_ADDED_MEANWHILE, RefusalReason.STARTED_BY_ANOTHER_PERSON,
        ),
        ONCE_MORE,
    ),
    **dict.fromkeys(
        (
            RefusalReason.CALLBACK_ISSUER_WRONG, RefusalReason.METADATA_INVALID, RefusalReason.ISSUER_WRONG,
            RefusalReason.TENANT_WRONG,
        ),
        ISSUER,
    ),
    **dict.fromkeys(
        (RefusalReason.CLIENT_REFUSED, RefusalReason.AUDIENCE_WRONG, RefusalReason.PROVIDER_REFUSED), CLIENT
    ),
    **dict.fromkeys((RefusalReason.KEY_UNKNOWN, RefusalReason.SIGNATURE_WRONG), KEYS),
    **dict.fromkeys(
        (
            RefusalReason.TOKEN_MISSING, RefusalReason.TOKEN_MALFORMED, RefusalReason.NONCE_WRONG,
            RefusalReason.ACCESS_TOKEN_HASH_WRONG, RefusalReason.SUBJECT_INVALID, RefusalReason.USERINFO_OF_ANOTHER,
        ),
        TOKEN,
    ),
    **dict.fromkeys((RefusalReason.EXPIRED, RefusalReason.NOT_YET_VALID), CLOCKS),
    **dict.fromkeys((RefusalReason.NOT_REAUTHENTICATED, RefusalReason.NOT_REAUTHENTICATED_AT_PROVIDER), PROOF),
    **dict.fromkeys(
        (RefusalReason.PROVIDER_BUSY, RefusalReason.PROVIDER_UNREACHABLE, RefusalReason.PROVIDER_ANSWER_INVALID), AWAY
    ),
    **dict.fromkeys(
        (
            RefusalReason.LOGOUT_EVENT_MISSING, RefusalReason.LOGOUT_WITH_NONCE, RefusalReason.LOGOUT_WITHOUT_SUBJECT,
            RefusalReason.LOGOUT_REPEATED,
        ),
        NOTICE,
    ),
    RefusalReason.PROVIDER_NOT_PUBLIC: _(
        "Let the connection name a host with public addresses. Only a provider in the environment may be in a private "
        "network."
    ),
    RefusalReason.ALGORITHM_REFUSED: _(
        "Let the provider sign by RS256, or name what it signs by: in <PROVIDER>_SIGNING_ALGORITHMS, or on the page of "
        "its connection."
    ),
    RefusalReason.PROVIDER_OFF: _(
        "Set <PROVIDER>_CLIENT_ID, or switch its connection on, if people should sign in there."
    ),
    RefusalReason.STORE_UNREACHABLE: _("Look at Redis and at REDIS_URL: without it nobody can tell a repetition."),
    RefusalReason.KEY_NOT_HERE: _("Give every process the key that the detail names, in TOKEN_ENCRYPTION_KEYS."),
    RefusalReason.ACCOUNT_DEACTIVATED: OPEN,
    RefusalReason.LOCKED_BY_OWNER: _(
        "Its owner has locked the account. Make sure who asks, then open the account on its page."
    ),
    RefusalReason.IDENTITY_OF_ANOTHER_ACCOUNT: _(
        "The person signs in to the account that has this sign-in method, and disconnects it there first."
    ),
    RefusalReason.EMAIL_OF_ANOTHER_ACCOUNT: _(
        "The person signs in as before and connects this sign-in method. If they cannot, since they were made anew at "
        "the provider, make sure who they are and connect the identity to their account."
    ),
    RefusalReason.IDENTITY_NOT_CONNECTED: _(
        "The person chooses the account at the provider that is connected, or connects this one. Where the provider "
        "was moved, it may call everybody otherwise than before: “manage.py identities move” lets them in again."
    ),
    **dict.fromkeys(
        (
            RefusalReason.SIGN_UP_CLOSED, RefusalReason.SIGN_UP_BY_INVITATION, RefusalReason.SIGN_UP_OF_OTHER_DOMAINS,
        ),
        _("Invite the person, or let the connection admit more people. Its page says whom it admits."),
    ),
    RefusalReason.NOT_A_MEMBER: _("Invite the person into the organization, if they should belong to it."),
    RefusalReason.LAST_SIGN_IN_METHOD: _("The person connects another sign-in method first."),
}  # fmt: skip
INVITATIONS: Mapping[OfInvitation, Text] = {
    **dict.fromkeys((OfInvitation.UNKNOWN, OfInvitation.EXPIRED, OfInvitation.USED, OfInvitation.REVOKED), INVITE),
    OfInvitation.FOREIGN_EMAIL: _(
        "The person comes by the account that has the invited address, or is invited at the address of theirs."
    ),
    OfInvitation.UNVERIFIED_EMAIL: _(
        "The person confirms the invited address in their account, or is invited at one that their provider confirms."
    ),
    OfInvitation.INVITER_WITHOUT_RIGHT: _("Somebody who may invite into this tenant invites the person once more."),
    OfInvitation.ROLE_ABOVE_INVITER: _("Somebody who has this role, or more, invites the person once more."),
    **dict.fromkeys((OfInvitation.TOO_MANY, OfInvitation.TOO_OFTEN), _("Nothing: tomorrow there is room again.")),
    OfInvitation.NO_MAIL: _("Set EMAIL_URL, so that this site can send mail."),
}
ELSEWHERE: Mapping[str, Text] = {
    NOT_A_MEMBER: _("Invite the person into the organization, if they should belong to it."),
}


def remedy_for(action: str, code: str) -> Text:
    """Return how to fix a refusal that the trail records, or "" for a reason that this version does not know."""
    if action == Event.INVITATION_REFUSED:
        return INVITATIONS[OfInvitation(code)] if code in set(OfInvitation) else ""
    return ELSEWHERE.get(code) or (PROVIDERS[RefusalReason(code)] if code in set(RefusalReason) else "")

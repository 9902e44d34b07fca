"""What would mend a refusal, in the words of whoever can: administrators read it under the reference (promise 100)."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.organizations.invitations import Reason as OfInvitation
from audit.events import Event
from providers.refusal import Reason

Text = str | Promise

NOT_A_MEMBER = "not_a_member"  # of an organization: the one reason there
ONCE_MORE = _(
    "The person signs in once more, from the sign-in page. If it happens to many: their browsers must keep cookies of "
    "PUBLIC_URL, and the provider must send them back to the callback that the README names."
)
ISSUER = _(
    "Write <PROVIDER>_ISSUER exactly as the provider publishes it, a slash at its end included, and see that the "
    "person comes from that tenant or realm."
)
CLIENT = _(
    "Compare client id, secret and the client's settings at the provider with <PROVIDER>_CLIENT_ID and "
    "<PROVIDER>_CLIENT_SECRET."
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
    "Look at the back-channel logout of the client at Keycloak. One that came twice, or that Keycloak has not sent, "
    "needs nothing: nobody was signed out by it."
)
INVITE = _("Invite the person once more, in the admin.")
OPEN = _("Open the account on its page, if it should be open.")

PROVIDERS: Mapping[Reason, Text] = {
    **dict.fromkeys(
        (
            Reason.STATE_MISSING, Reason.STATE_MALFORMED, Reason.STATE_UNKNOWN, Reason.STATE_EXPIRED, Reason.STATE_USED,
            Reason.STATE_OF_ANOTHER_PROVIDER, Reason.CALLBACK_MALFORMED, Reason.CANCELLED, Reason.CODE_REFUSED,
            Reason.FACTOR_ADDED_MEANWHILE, Reason.STARTED_BY_ANOTHER_PERSON,
        ),
        ONCE_MORE,
    ),
    **dict.fromkeys(
        (Reason.CALLBACK_ISSUER_WRONG, Reason.METADATA_INVALID, Reason.ISSUER_WRONG, Reason.TENANT_WRONG), ISSUER
    ),
    **dict.fromkeys((Reason.CLIENT_REFUSED, Reason.AUDIENCE_WRONG, Reason.PROVIDER_REFUSED), CLIENT),
    **dict.fromkeys((Reason.KEY_UNKNOWN, Reason.SIGNATURE_WRONG), KEYS),
    **dict.fromkeys(
        (
            Reason.TOKEN_MISSING, Reason.TOKEN_MALFORMED, Reason.NONCE_WRONG, Reason.ACCESS_TOKEN_HASH_WRONG,
            Reason.SUBJECT_INVALID, Reason.USERINFO_OF_ANOTHER,
        ),
        TOKEN,
    ),
    **dict.fromkeys((Reason.EXPIRED, Reason.NOT_YET_VALID), CLOCKS),
    **dict.fromkeys((Reason.NOT_FRESH, Reason.NOT_FRESH_AT_PROVIDER), PROOF),
    **dict.fromkeys((Reason.PROVIDER_BUSY, Reason.PROVIDER_UNREACHABLE, Reason.PROVIDER_ANSWER_INVALID), AWAY),
    **dict.fromkeys(
        (
            Reason.LOGOUT_EVENT_MISSING, Reason.LOGOUT_WITH_NONCE, Reason.LOGOUT_OF_NOBODY, Reason.LOGOUT_REPEATED,
        ),
        NOTICE,
    ),
    Reason.ALGORITHM_REFUSED: _(
        "Let the provider sign by RS256, or name what it signs by in <PROVIDER>_SIGNING_ALGORITHMS."
    ),
    Reason.PROVIDER_OFF: _("Set <PROVIDER>_CLIENT_ID, if people should sign in there."),
    Reason.STORE_UNREACHABLE: _("Look at Redis and at REDIS_URL: without it nobody can tell a repetition."),
    Reason.KEY_NOT_HERE: _("Give every process the key that the detail names, in TOKEN_ENCRYPTION_KEYS."),
    Reason.ACCOUNT_INACTIVE: OPEN,
    Reason.LOCKED_BY_OWNER: _(
        "Its owner has locked the account. Make sure who asks, then open the account on its page."
    ),
    Reason.IDENTITY_OF_ANOTHER_ACCOUNT: _(
        "The person signs in to the account that has this sign-in method, and disconnects it there first."
    ),
    Reason.ADDRESS_OF_ANOTHER_ACCOUNT: _(
        "The person signs in as before and connects this sign-in method. If they cannot, since they were made anew at "
        "the provider, make sure who they are and connect the identity to their account."
    ),
    Reason.IDENTITY_NOT_CONNECTED: _(
        "The person chooses the account at the provider that is connected, or connects this one. Where the provider "
        "was moved, it may call everybody otherwise than before."
    ),
    Reason.LAST_WAY_IN: _("The person connects another sign-in method first."),
}  # fmt: skip
INVITATIONS: Mapping[OfInvitation, Text] = {
    **dict.fromkeys((OfInvitation.UNKNOWN, OfInvitation.EXPIRED, OfInvitation.USED, OfInvitation.REVOKED), INVITE),
    OfInvitation.FOREIGN_ADDRESS: _(
        "The person comes by the account that has the invited address, or is invited at the address of theirs."
    ),
    OfInvitation.UNVERIFIED_ADDRESS: _(
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


def mend_of(action: str, code: str) -> Text:
    """Return what would mend a refusal that the trail tells of, or nothing where another version wrote the entry."""
    if action == Event.INVITATION_REFUSED:
        return INVITATIONS[OfInvitation(code)] if code in set(OfInvitation) else ""
    return ELSEWHERE.get(code) or (PROVIDERS[Reason(code)] if code in set(Reason) else "")

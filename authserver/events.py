"""The events of the auth server."""

from django.utils.translation import gettext_lazy as _

from foundation.declarations import AppEvent

CLIENT = {"app": _("the client ID of the app")}
REASON = {"reason": _("why, in a word")}
GRANT = {"grant": _("how it got them")}
SCOPES = {"scopes": _("what it may do")}
FAMILY = {"family": _("the tokens that belong together"), "generation": _("how often they were refreshed")}
LAST_SEEN = {
    "refreshed_at": _("when they were last issued"),
    "last_ip": _("to which address"),
    "last_program": _("to which program"),
}
KEY = {"kid": _("the ID of the key"), "algorithm": _("its algorithm")}
API_KEY = {"prefix": _("the public part of the key")}
COUNTED = {"count": _("how many"), "finished": _("whether nothing was left for the next run")}

CLIENT_REGISTERED = AppEvent("client.registered", _("An app was registered."), CLIENT)
CLIENT_REFUSED = AppEvent(
    "client.refused",
    _("An app could not prove who it is, for the reason given."),
    {**CLIENT, **REASON},
)
CLIENT_CHANGED = AppEvent(
    "client.changed", _("An app was changed; the details name what."), {**CLIENT, "fields": _("what was changed")}
)
CLIENT_STOPPED = AppEvent(
    "client.stopped", _("An app was stopped, and everything that it had been given is invalid."), CLIENT
)
CLIENT_STARTED = AppEvent("client.started", _("A stopped app was started again."), CLIENT)
CLIENT_DELETED = AppEvent("client.deleted", _("An app was deleted, with its secrets and tokens."), CLIENT)
CLIENT_SECRET_ADDED = AppEvent("client.secret_added", _("An app was given another secret."), CLIENT)
CLIENT_SECRET_REVOKED = AppEvent("client.secret_revoked", _("A secret of an app was revoked."), CLIENT)
AUTHORIZATION_REFUSED = AppEvent(
    "authorization.refused",
    _("An app sent a person here and was refused, for the reason given."),
    {**CLIENT, **REASON, "reference": _("what the person's page shows, if they were not sent back to the app")},
)
LOGOUT_FAILED = AppEvent(
    "logout.failed",
    _("An app did not accept for a day that a session of a person has ended."),
    {**CLIENT, **REASON, "tries": _("how often it was sent")},
)
LOGOUT_REFUSED = AppEvent(
    "logout.refused",
    _("An app sent a person here to sign out and was refused, for the reason given."),
    {**CLIENT, **REASON, "reference": _("what the person's page shows")},
)
CONSENT_GIVEN = AppEvent("consent.given", _("A person let an app act for them."), {**CLIENT, **SCOPES})
CONSENT_WITHDRAWN = AppEvent(
    "consent.withdrawn",
    _("An app may no longer act for a person; what it had got was revoked."),
    {**CLIENT, **REASON},
)
CONSENT_PURGED = AppEvent(
    "consents.purged", _("Consents that were withdrawn long ago were removed; the details count them."), COUNTED
)
TOKENS_ISSUED = AppEvent(
    "tokens.issued",
    _("An app got tokens, in its own name or for a person."),
    {**CLIENT, **SCOPES, **GRANT},
)
TOKENS_REFRESHED = AppEvent("tokens.refreshed", _("An app refreshed its tokens."), {**CLIENT, **SCOPES, **GRANT})
TOKENS_REFUSED = AppEvent(
    "tokens.refused", _("An app asked for tokens and was refused, for the reason given."), {**CLIENT, **REASON}
)
TOKENS_REVOKED = AppEvent(
    "tokens.revoked", _("Tokens of an app were revoked, for the reason given."), {**CLIENT, **REASON}
)
TOKENS_REPEATED = AppEvent(
    "tokens.repeated",
    _("A refresh token of an app was used again from a second network; the answer was the same as before."),
    {**CLIENT, **FAMILY, "repeats": _("how many answers were given again"), "networks": _("from where"), **LAST_SEEN},
)
TOKENS_REUSED = AppEvent(
    "tokens.reused",
    _("A code or refresh token was used twice, so everything that followed from it was revoked."),
    {
        **CLIENT,
        **REASON,
        **FAMILY,
        "behind": _("how many refreshes after its first use"),
        "issued_at": _("when the person had authorized the app"),
        **LAST_SEEN,
    },
)
SIGNING_KEY_PUBLISHED = AppEvent(
    "signing_key.published",
    _("A key that signs tokens was published."),
    {**KEY, "signs_from": _("from when on it signs")},
)
SIGNING_KEY_RETIRED = AppEvent(
    "signing_key.retired", _("A signing key was retired: everything that it signed has expired."), KEY
)
SIGNING_KEY_WITHDRAWN = AppEvent(
    "signing_key.withdrawn", _("A signing key was withdrawn: nothing that it signed counts any more."), KEY
)
SIGNING_KEY_PURGED = AppEvent(
    "signing_key.purged", _("Removed signing keys were deleted; the details count them."), COUNTED
)
CODE_PURGED = AppEvent("codes.purged", _("Expired authorization codes were removed; the details count them."), COUNTED)
DEVICE_CODE_PURGED = AppEvent(
    "device_codes.purged", _("Expired device codes were removed; the details count them."), COUNTED
)
FAMILY_PURGED = AppEvent("families.purged", _("Expired token families were removed; the details count them."), COUNTED)
ACCESS_TOKEN_PURGED = AppEvent(
    "tokens.purged", _("Expired access tokens were removed; the details count them."), COUNTED
)
REVOKED_TOKEN_PURGED = AppEvent(
    "revoked_tokens.purged", _("Notes about revoked tokens that have expired were removed."), COUNTED
)
SECRET_PURGED = AppEvent(
    "client_secrets.purged", _("Expired secrets of apps were removed; the details count them."), COUNTED
)
API_KEY_CREATED = AppEvent(
    "api_key.created",
    _("An API key was created, for a person or a service."),
    {**API_KEY, **SCOPES, "service": _("the service, by its id")},
)
API_KEY_REVOKED = AppEvent("api_key.revoked", _("An API key was revoked."), API_KEY)
API_KEY_PURGED = AppEvent("api_keys.purged", _("Expired API keys were removed; the details count them."), COUNTED)

DECLARATIONS = [
    CLIENT_REGISTERED,
    CLIENT_REFUSED,
    CLIENT_CHANGED,
    CLIENT_STOPPED,
    CLIENT_STARTED,
    CLIENT_DELETED,
    CLIENT_SECRET_ADDED,
    CLIENT_SECRET_REVOKED,
    AUTHORIZATION_REFUSED,
    LOGOUT_FAILED,
    LOGOUT_REFUSED,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    CONSENT_PURGED,
    TOKENS_ISSUED,
    TOKENS_REFRESHED,
    TOKENS_REFUSED,
    TOKENS_REVOKED,
    TOKENS_REPEATED,
    TOKENS_REUSED,
    SIGNING_KEY_PUBLISHED,
    SIGNING_KEY_RETIRED,
    SIGNING_KEY_WITHDRAWN,
    SIGNING_KEY_PURGED,
    CODE_PURGED,
    DEVICE_CODE_PURGED,
    FAMILY_PURGED,
    ACCESS_TOKEN_PURGED,
    REVOKED_TOKEN_PURGED,
    SECRET_PURGED,
    API_KEY_CREATED,
    API_KEY_REVOKED,
    API_KEY_PURGED,
]

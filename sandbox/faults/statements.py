"""Faults of the ID token's claims: issuer, audience, times, subject."""

import time
from collections.abc import Callable

from sandbox.drafts import Draft, Scene
from sandbox.faults.kinds import DocumentBend, Fault, Lie, Outcome, Stage
from sandbox.providers import OPENID_PROVIDERS, Provider

MICROSOFT = (Provider.MICROSOFT,)
SAYS_VERIFIED = (Provider.GOOGLE, Provider.KEYCLOAK)
FOREIGN_TENANT = "99999999-8888-4777-8666-555555555555"


def _refused(
    key: str,
    says: str,
    bend: Callable[[Draft], None],
    providers: tuple[Provider, ...] = OPENID_PROVIDERS,
) -> Fault:
    return Fault(key, says, Stage.ID_TOKEN, Outcome.REFUSED, (Lie(bend),), providers)


def _accepted(key: str, says: str, bend: Callable[[Draft], None]) -> Fault:
    return Fault(key, says, Stage.ID_TOKEN, Outcome.SIGNED_IN, (Lie(bend),))


def _unverified(key: str, says: str, bend: Callable[[Draft], None]) -> Fault:
    """For Microsoft only: `xms_edov` is only in the ID token."""
    effects = (Lie(bend),)
    return Fault(key, says, Stage.ID_TOKEN, Outcome.SIGNED_IN, effects, MICROSOFT, address_unverified=True)


def _not_literally_true(key: str, says: str, **stated: object) -> Fault:
    """Set or omit `email_verified` in ID token and userinfo alike, whichever the product uses."""

    def changed(claims: dict[str, object]) -> dict[str, object]:
        return {n: v for n, v in claims.items() if n != "email_verified"} | stated

    def bend(draft: Draft) -> None:
        draft.claims = changed(draft.claims)

    def bend_userinfo(document: dict[str, object], _scene: Scene) -> object:
        return changed(document)

    effects = (Lie(bend), DocumentBend(Stage.USERINFO, bend_userinfo))
    return Fault(key, says, Stage.ID_TOKEN, Outcome.SIGNED_IN, effects, SAYS_VERIFIED, address_unverified=True)


def _set(name: str, value: object) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.claims[name] = value

    return bend


def _drop(name: str) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.claims.pop(name, None)

    return bend


def _at(name: str, seconds: int) -> Callable[[Draft], None]:
    """Set a time relative to now, and keep the other times consistent with it."""

    def bend(draft: Draft) -> None:
        now = int(time.time())
        draft.claims[name] = now + seconds
        if name == "exp":
            draft.claims |= {n: now - 3600 for n in ("iat", "nbf") if n in draft.claims}

    return bend


def _as_text(name: str) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.claims[name] = str(int(time.time()))

    return bend


def _append(name: str, ending: str) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.claims[name] = f"{draft.claims[name]}{ending}"

    return bend


def _audience_list(draft: Draft) -> None:
    draft.claims["aud"] = [draft.claims["aud"]]


def _audience_crowd(draft: Draft) -> None:
    draft.claims["aud"] = [draft.claims["aud"], "another-client"]


def _old_nonce(draft: Draft) -> None:
    draft.claims["nonce"] = draft.scene.earlier_nonce


def _foreign_tenant(draft: Draft) -> None:
    tenant = str(draft.claims["tid"])
    draft.claims["iss"] = str(draft.claims["iss"]).replace(tenant, FOREIGN_TENANT)
    draft.claims["tid"] = FOREIGN_TENANT


FAULTS: tuple[Fault, ...] = (
    _refused("iss_wrong", "iss is another issuer.", _set("iss", "https://issuer.example")),
    _refused("iss_slash", "iss has an extra slash at its end.", _append("iss", "/")),
    _refused("iss_missing", "No iss.", _drop("iss")),
    _refused("tid_other", "tid is not the tenant in iss.", _set("tid", FOREIGN_TENANT), MICROSOFT),
    _refused("tid_missing", "No tid.", _drop("tid"), MICROSOFT),
    _refused("tenant_foreign", "iss and tid agree on a foreign tenant.", _foreign_tenant, MICROSOFT),
    _refused("aud_wrong", "aud is another client.", _set("aud", "another-client")),
    _refused("aud_crowd", "aud lists this client and another one.", _audience_crowd),
    _refused("aud_empty", "aud is an empty list.", _set("aud", [])),
    _refused("aud_missing", "No aud.", _drop("aud")),
    _accepted("aud_list", "aud is a list of this client alone.", _audience_list),
    _refused("azp_foreign", "azp is another client.", _set("azp", "another-client")),
    _refused("exp_missing", "No exp.", _drop("exp")),
    _refused("exp_text", "exp is a word.", _set("exp", "tomorrow")),
    _refused("exp_past", "Expired 90 seconds ago.", _at("exp", -90)),
    _accepted("exp_skew", "Expired 30 seconds ago, within the skew.", _at("exp", -30)),
    _refused("iat_missing", "No iat.", _drop("iat")),
    _refused("iat_future", "Issued 90 seconds ahead.", _at("iat", 90)),
    _accepted("iat_skew", "Issued 30 seconds ahead, within the skew.", _at("iat", 30)),
    _refused("nbf_future", "Not valid before 90 seconds from now.", _at("nbf", 90)),
    _accepted("nbf_skew", "Not valid before 30 seconds from now.", _at("nbf", 30)),
    _accepted("auth_time_missing", "No auth_time: the time of authentication is unknown.", _drop("auth_time")),
    _accepted("auth_time_old", "auth_time is an hour ago, as single sign-on answers.", _at("auth_time", -3600)),
    _accepted("auth_time_skew", "auth_time is 30 seconds ahead, within the skew.", _at("auth_time", 30)),
    _refused("auth_time_future", "auth_time is 90 seconds ahead.", _at("auth_time", 90)),
    _refused("auth_time_bool", "auth_time is true.", _set("auth_time", value=True)),
    _refused("auth_time_null", "auth_time is null.", _set("auth_time", None)),
    _refused("auth_time_text", "auth_time is a number as a string.", _as_text("auth_time")),
    _refused("auth_time_negative", "auth_time is before the epoch.", _set("auth_time", -1)),
    _refused("auth_time_huge", "auth_time is beyond the range of calendars.", _set("auth_time", 10**18)),
    _refused("auth_time_fraction", "auth_time is not a whole number of seconds.", _set("auth_time", 1_700_000_000.5)),
    _refused("auth_time_list", "auth_time is a list.", _set("auth_time", [1_700_000_000])),
    _refused("nonce_missing", "No nonce.", _drop("nonce")),
    _refused("nonce_wrong", "A nonce that was not sent.", _set("nonce", "another-nonce")),
    _refused("nonce_replayed", "The nonce of an earlier sign-in.", _old_nonce),
    _refused("at_hash_wrong", "at_hash of another access token.", _set("at_hash", "A" * 22)),
    _accepted("at_hash_missing", "No at_hash, which is optional.", _drop("at_hash")),
    _refused("sub_missing", "No sub.", _drop("sub")),
    _refused("sub_empty", "sub is empty.", _set("sub", "")),
    _refused("sub_number", "sub is a number.", _set("sub", 4711)),
    _refused("sub_null", "sub is null.", _set("sub", None)),
    _refused("sub_256", "sub has 256 characters.", _set("sub", "s" * 256)),
    _refused("sub_nul", "sub contains a NUL character.", _set("sub", "ada\x00admin")),
    _refused("sub_list", "sub is a list.", _set("sub", ["ada"])),
    _not_literally_true("verified_text", 'email_verified is the string "true".', email_verified="true"),
    _not_literally_true("verified_text_false", 'email_verified is the string "false".', email_verified="false"),
    _not_literally_true("verified_one", "email_verified is the number 1.", email_verified=1),
    _not_literally_true("verified_missing", "No email_verified."),
    _unverified("edov_missing", "No xms_edov: the address is unverified.", _drop("xms_edov")),
    _unverified("edov_false", "xms_edov is false.", _set("xms_edov", value=False)),
    _unverified("edov_text_false", 'xms_edov is the string "0".', _set("xms_edov", "0")),
)

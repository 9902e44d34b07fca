"""What an upstream issuer may be configured to be. The model's validators call these functions."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models.claim_rule import SELF_ASSERTED_CLAIMS
from accounts.models.tenant import SCOPE_WORD
from accounts.organizations.claim_rules.paths import BrokenPath, parse
from providers.metadata import SIGNING_ALGORITHMS, USUAL_ALGORITHMS, is_fit

DISCOVERY = "/.well-known/"
LONGEST_SCOPE = 255  # characters of a scope or role of theirs
MOST_SCOPES = 500


def usual_algorithms() -> list[str]:
    return sorted(USUAL_ALGORITHMS)


def usual_scope_claims() -> list[str]:
    return ["scope"]


def check_issuer(url: str) -> None:
    """Raise ValidationError unless the URL can be another issuer's (OpenID Connect Discovery 1.0, section 3).

    Over plain http, whoever is on the way could replace the keys. So it is for development only, on loopback.
    """
    fault = None
    if "{" in url or "}" in url:
        fault = _("This stands for many issuers. Name the one whose tokens are accepted.")
    elif not is_fit(url, url) or "?" in url or (url.startswith("http:") and not _is_development()):
        fault = _("An issuer is an https URL without query and fragment.")
    elif DISCOVERY in url:
        fault = _("Name the issuer itself, without /.well-known and what follows.")
    elif url.rstrip("/") == settings.PUBLIC_URL.rstrip("/"):
        fault = _("This is our own issuer. Its tokens are accepted anyway.")
    if fault:
        raise ValidationError({"issuer": str(fault)})


def _is_development() -> bool:
    """Whether our own URL is one of plain http, which the settings accept on loopback only."""
    return bool(settings.PUBLIC_URL.startswith("http:"))


def check_audience(name: str) -> None:
    """Raise ValidationError for an audience that ID tokens for us have: they would be taken for access tokens."""
    if not name.isprintable() or name != name.strip():
        raise ValidationError(_("An audience has no blanks at its ends, and no invisible characters."))
    if name in {values["client_id"] for values in settings.SIGN_IN_PROVIDERS.values()}:
        raise ValidationError(_("With this client ID people sign in here: it is the audience of ID tokens."))


def check_algorithm(name: str) -> None:
    """Raise ValidationError unless it signs with a private key (RFC 8725, sections 3.1 and 3.2)."""
    if name not in SIGNING_ALGORITHMS:
        raise ValidationError(
            _("%(name)s is not one of %(known)s.") % {"name": name, "known": ", ".join(sorted(SIGNING_ALGORITHMS))}
        )


def check_path(path: str) -> None:
    """Raise ValidationError unless it is a path to a claim that people cannot write themselves."""
    try:
        names = parse(path)
    except BrokenPath as broken:
        raise ValidationError(str(broken)) from None
    if names[0] in SELF_ASSERTED_CLAIMS:
        raise ValidationError(_("People choose this themselves at their provider: no scope can rely on it."))


def check_scopes(mapping: Any) -> None:
    """Raise ValidationError unless each scope or role of theirs is mapped to a list of scopes of ours."""
    if not isinstance(mapping, Mapping) or len(mapping) > MOST_SCOPES:
        raise ValidationError(_("At most %(most)d scopes or roles are mapped.") % {"most": MOST_SCOPES})
    for theirs, ours in mapping.items():
        if not 0 < len(theirs) <= LONGEST_SCOPE or not theirs.isprintable():
            raise ValidationError(
                _("A scope or role of theirs has 1 to %(most)d characters.") % {"most": LONGEST_SCOPE}
            )
        if not isinstance(ours, list) or not ours or not all(isinstance(name, str) for name in ours):
            raise ValidationError(_("“%(theirs)s” is mapped to no scope of ours.") % {"theirs": theirs})
        for name in ours:
            SCOPE_WORD(name)

"""The code in the URL of a callback, or the error that the provider returned instead."""

from django.http import HttpRequest

from providers.base import Provider
from providers.errors import registered
from providers.refusal import RefusalReason, SignInRefused

LONGEST_CODE = 4096  # characters


def code_in(request: HttpRequest, provider: Provider) -> str:
    """Return the code of a well-formed callback from this provider. Raises SignInRefused, also if it is an error."""
    parameters = {name: values for name, values in request.GET.lists() if name in {"code", "error", "iss"}}
    if any(len(values) > 1 for values in parameters.values()):
        raise SignInRefused(RefusalReason.CALLBACK_MALFORMED, "a parameter is repeated")
    single = {name: values[0] for name, values in parameters.items()}
    provider.check_callback(single)
    if "error" in single:
        raise _refused_there(single["error"])
    code = single.get("code", "")
    if not (0 < len(code) <= LONGEST_CODE and code.isascii() and code.isprintable()):
        raise SignInRefused(RefusalReason.CALLBACK_MALFORMED, "the code is missing or malformed")
    return code


def _refused_there(named: str) -> SignInRefused:
    """Return the refusal for a provider's error. Only registered codes are stored: anybody can put text into a URL."""
    error = registered(named)
    reason = RefusalReason.CANCELLED if error == "access_denied" else RefusalReason.PROVIDER_REFUSED
    return SignInRefused(reason, f"the provider answered {error or 'an error without a registered name'}", error=error)

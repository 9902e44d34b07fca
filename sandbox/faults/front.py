"""Faults of the redirect back to the product: errors, lost or foreign state, mix-ups."""

from collections.abc import Callable
from dataclasses import replace

from sandbox.faults.kinds import Fault, FrontBend, Outcome, Redirection, Stage
from sandbox.providers import ALL_PROVIDERS, OPENID_PROVIDERS, Provider

LADEN = "<script>alert(document.domain)</script><h1>Call 555-0199</h1>"
KEYCLOAK = (Provider.KEYCLOAK,)


def _fault(
    key: str,
    says: str,
    bend: Callable[[Redirection], Redirection],
    providers: tuple[Provider, ...] = ALL_PROVIDERS,
) -> Fault:
    return Fault(f"authorize_{key}", says, Stage.AUTHORIZE, Outcome.REFUSED, (FrontBend(bend),), providers)


def _error(code: str, description: str = "") -> Callable[[Redirection], Redirection]:
    def bend(answer: Redirection) -> Redirection:
        failed = answer.without("code").with_value("error", code)
        return failed.with_value("error_description", description) if description else failed

    return bend


def _value(name: str, value: str) -> Callable[[Redirection], Redirection]:
    return lambda answer: answer.with_value(name, value)


def _drop(name: str) -> Callable[[Redirection], Redirection]:
    return lambda answer: answer.without(name)


def _wrong_first(name: str) -> Callable[[Redirection], Redirection]:
    """Put a wrong value first: a parser that takes the last one would accept the redirect."""
    return lambda answer: replace(answer, parameters=((name, "another"), *answer.parameters))


def _to_other_callback(answer: Redirection) -> Redirection:
    return replace(answer, target=answer.other_callback)


def _with_other_code(answer: Redirection) -> Redirection:
    return answer.with_value("code", answer.other_code)


FAULTS: tuple[Fault, ...] = (
    _fault("denied", "The person denied access.", _error("access_denied")),
    _fault("server_error", "The provider has failed.", _error("server_error")),
    *(
        _fault(f"says_{code}", f"The provider says {code}.", _error(code))
        for code in (
            "account_selection_required",
            "consent_required",
            "interaction_required",
            "invalid_request",
            "invalid_scope",
            "login_required",
            "temporarily_unavailable",
            "unauthorized_client",
            "unsupported_response_type",
        )
    ),
    _fault(
        "laden_error",
        "An error with a description full of markup.",
        _error("server_error", LADEN),
    ),
    _fault("laden_code", "An error with a code full of markup.", _error(LADEN)),
    _fault("state_missing", "No state.", _drop("state")),
    _fault("state_wrong", "A state that was not sent.", _value("state", "another-state")),
    _fault("state_twice", "Two states, the right one last.", _wrong_first("state")),
    _fault("code_missing", "No code.", _drop("code")),
    _fault("code_twice", "Two codes, the right one last.", _wrong_first("code")),
    _fault("code_6k", "A code of 6 KB.", _value("code", "c" * 6144)),
    _fault("code_nul", "A code with a NUL character.", _value("code", "a\x00b")),
    _fault("code_other", "The code of another provider.", _with_other_code),
    _fault(
        "callback_other",
        "This provider's answer at another provider's callback.",
        _to_other_callback,
    ),
    _fault(
        "iss_wrong",
        "iss is another issuer.",
        _value("iss", "https://issuer.example"),
        OPENID_PROVIDERS,
    ),
    _fault("iss_missing", "No iss, though it is advertised.", _drop("iss"), KEYCLOAK),
)

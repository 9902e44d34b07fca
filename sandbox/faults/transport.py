"""Faults of whole answers: wrong status, wrong content, too slow, too big, redirected."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from sandbox.drafts import Scene
from sandbox.faults.kinds import AnswerBend, Fault, Outcome, Stage
from sandbox.providers import ALL_PROVIDERS, OPENID_PROVIDERS, Provider
from sandbox.wire import Answer, Manner, html_answer, json_answer, redirect

MEBIBYTE = 1024 * 1024
BOMB_BYTES = 64 * MEBIBYTE
ERROR_PAGE = "<!doctype html><title>Error</title><script>alert(1)</script><h1>Bad gateway</h1>"
Bend = Callable[[Answer, Scene], Answer]


@dataclass(frozen=True)
class _Ill:
    """One kind of failure, possible at any endpoint."""

    key: str
    says: str
    bend: Bend
    slow: bool = False


def _fixed(answer: Answer) -> Bend:
    return lambda _answer, _scene: answer


def _status(status: int, error: str) -> Bend:
    return _fixed(json_answer({"error": error, "error_description": ERROR_PAGE}, status))


def _body(content: bytes) -> Bend:
    return lambda answer, _scene: replace(answer, status=200, body=content)


def _as(manner: Manner) -> Bend:
    return lambda answer, _scene: replace(answer, manner=manner)


def _elsewhere(status: int) -> Bend:
    return lambda _answer, scene: redirect(f"{scene.leak_url}/redirect", status)


def _flooded(answer: Answer, _scene: Scene) -> Answer:
    flood = tuple((f"X-Flood-{n}", "f" * 100) for n in range(5000))
    return replace(answer, headers=(*answer.headers, *flood))


@cache
def _packed_blanks() -> bytes:
    """Spaces, which are legal before JSON: a client that unpacks without a limit reads a valid answer."""
    return gzip.compress(b" " * BOMB_BYTES, compresslevel=6)


def _bomb(answer: Answer, _scene: Scene) -> Answer:
    headers = (*answer.headers, ("Content-Encoding", "gzip"))
    return replace(answer, body=_packed_blanks() + gzip.compress(answer.body), headers=headers)


_DEEP = b"[" * 200_000
_LONG_NUMBER = b'{"access_token": "a", "id_token": "b", "expires_in": ' + b"9" * 5000 + b"}"

_BROKEN = (
    _Ill("500", "answers 500 with an HTML page.", _fixed(html_answer(ERROR_PAGE, 500))),
    _Ill("html", "answers 200 with an HTML page.", _fixed(html_answer(ERROR_PAGE))),
    _Ill("not_json", "answers something that is not JSON.", _body(b"{not json")),
    _Ill("list", "answers a list.", _body(b"[]")),
    _Ill("null", "answers null.", _body(b"null")),
    _Ill("empty", "answers an empty body.", _body(b"")),
    _Ill("bad_utf8", "answers bytes that are not UTF-8.", _body(b'{"a": "\xff\xfe\xc3("}')),
    _Ill("deep", "answers 200,000 nested lists.", _body(_DEEP)),
    _Ill("reset", "resets the connection.", _as(Manner.RESET)),
    _Ill("truncated", "closes the connection in the middle of its answer.", _as(Manner.TRUNCATED)),
    _Ill("redirect", "answers 302 to another address.", _elsewhere(302)),
    _Ill("hang", "never answers.", _as(Manner.HANG), slow=True),
    _Ill("drip_headers", "sends one byte of its headers per second.", _as(Manner.DRIP_HEADERS), slow=True),
    _Ill("drip_body", "sends one byte of its body per second.", _as(Manner.DRIP_BODY), slow=True),
    _Ill("huge", "sends 64 MiB of spaces before its answer.", _as(Manner.HUGE)),
    _Ill("gzip_bomb", "unpacks to 64 MiB of spaces before its answer.", _bomb),
)
_ONLY_TOKEN = (
    _Ill("400", "answers 400 invalid_grant.", _status(400, "invalid_grant")),
    _Ill("401", "answers 401 invalid_client.", _status(401, "invalid_client")),
    _Ill("400_client", "answers 400 unauthorized_client.", _status(400, "unauthorized_client")),
    _Ill("400_scope", "answers 400 invalid_scope.", _status(400, "invalid_scope")),
    _Ill("400_unregistered", "answers 400 with an unregistered error code.", _status(400, "AADSTS7000215")),
    _Ill("400_html", "answers 400 with an HTML page.", _fixed(html_answer(ERROR_PAGE, 400))),
    _Ill("400_busy", "answers 400 temporarily_unavailable.", _status(400, "temporarily_unavailable")),
    _Ill("403", "answers 403.", _status(403, "access_denied")),
    _Ill("429", "answers 429.", _status(429, "slow_down")),
    _Ill("redirect_307", "answers 307, with which a client would resend the secret.", _elsewhere(307)),
    _Ill("endless_100", "sends 100 Continue without end.", _as(Manner.ENDLESS_CONTINUE), slow=True),
    _Ill("header_flood", "sends 5,000 headers.", _flooded),
    _Ill("long_number", "answers with a number of 5,000 digits.", _body(_LONG_NUMBER)),
)
_ONLY_REVOCATION = (
    _Ill("401", "answers 401 invalid_client.", _status(401, "invalid_client")),
    _Ill("429", "answers 429.", _status(429, "slow_down")),
    _Ill("503", "answers 503.", _status(503, "temporarily_unavailable")),
    _Ill("redirect_307", "answers 307, with which a client would resend the secret.", _elsewhere(307)),
)
_ENDED = (
    _Ill("invalid_token", "answers that the token is invalid.", _status(400, "invalid_token")),
    _Ill("unsupported", "answers that it does not revoke such tokens.", _status(400, "unsupported_token_type")),
)
_REVOKING = (Provider.GOOGLE, Provider.GITHUB, Provider.KEYCLOAK)
_REVOKING_BY_BOOK = (Provider.GOOGLE, Provider.KEYCLOAK)  # RFC 7009; GitHub has its own API
_TALKING = frozenset({"html", "not_json", "list", "null", "empty", "bad_utf8", "deep"})  # answers with status 200
_OF_BODY = frozenset({"truncated", "drip_body", "huge"})  # GitHub's answer has no body
_SHORT_LIST = frozenset({"500", "not_json", "empty", "redirect", "hang", "huge"})
_SHORT = tuple(ill for ill in _BROKEN if ill.key in _SHORT_LIST)


def _at(stage: Stage, ills: tuple[_Ill, ...], outcome: Outcome, providers: tuple[Provider, ...]) -> tuple[Fault, ...]:
    noun = f"The {stage} endpoint"
    unverified = stage is Stage.EMAILS
    return tuple(
        Fault(
            f"{stage}_{ill.key}",
            f"{noun} {ill.says}",
            stage,
            outcome,
            (AnswerBend(stage, ill.bend),),
            providers,
            address_unverified=unverified,
            slow=ill.slow,
        )
        for ill in ills
    )


_MISSING = _Ill("404", "answers 404.", _fixed(json_answer({"message": "Not Found"}, 404)))
_GITHUB = (Provider.GITHUB,)

FAULTS: tuple[Fault, ...] = (
    *_at(Stage.TOKEN, (*_ONLY_TOKEN, *_BROKEN), Outcome.REFUSED, ALL_PROVIDERS),
    *_at(Stage.DISCOVERY, _BROKEN, Outcome.REFUSED, OPENID_PROVIDERS),
    *_at(Stage.JWKS, _BROKEN, Outcome.REFUSED, OPENID_PROVIDERS),
    *_at(Stage.USERINFO, _SHORT, Outcome.EITHER, OPENID_PROVIDERS),
    *(
        replace(f, key=f"github_user_{f.key.partition('_')[2]}")
        for f in _at(Stage.USERINFO, _SHORT, Outcome.REFUSED, _GITHUB)
    ),
    *_at(Stage.EMAILS, (_MISSING, *_BROKEN), Outcome.SIGNED_IN, _GITHUB),
    *_at(Stage.ORGANIZATIONS, _SHORT, Outcome.SIGNED_IN, _GITHUB),
    *_at(Stage.GROUPS, _SHORT, Outcome.SIGNED_IN, (Provider.MICROSOFT,)),
    *_at(Stage.REVOCATION, _ONLY_REVOCATION, Outcome.REFUSED, _REVOKING),
    *_at(Stage.REVOCATION, tuple(i for i in _BROKEN if i.key not in _TALKING | _OF_BODY), Outcome.REFUSED, _REVOKING),
    *_at(Stage.REVOCATION, tuple(i for i in _BROKEN if i.key in _OF_BODY), Outcome.REFUSED, _REVOKING_BY_BOOK),
    *_at(Stage.REVOCATION, tuple(i for i in _BROKEN if i.key in _TALKING), Outcome.SIGNED_IN, _REVOKING_BY_BOOK),
    *_at(Stage.REVOCATION, _ENDED, Outcome.SIGNED_IN, _REVOKING_BY_BOOK),
)

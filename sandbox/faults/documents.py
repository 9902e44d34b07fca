"""Faults in the content of JSON documents: discovery, JWKS, token, userinfo, GitHub's."""

import json
from collections.abc import Callable

from sandbox.drafts import Draft, Scene
from sandbox.faults.kinds import AnswerBend, DocumentBend, Fault, Lie, Outcome, Stage
from sandbox.keys import attackers_key
from sandbox.providers import OPENID_PROVIDERS, Provider
from sandbox.wire import Answer, form_answer, json_answer

Document = dict[str, object]
Bend = Callable[[Document, Scene], object]
GITHUB = (Provider.GITHUB,)


def _fault(
    stage: Stage,
    key: str,
    says: str,
    bend: Bend,
    outcome: Outcome = Outcome.REFUSED,
    providers: tuple[Provider, ...] = OPENID_PROVIDERS,
) -> Fault:
    return Fault(f"{stage}_{key}", says, stage, outcome, (DocumentBend(stage, bend),), providers)


def _with(**changes: object) -> Bend:
    return lambda document, _scene: document | changes


def _without(*names: str) -> Bend:
    return lambda document, _scene: {n: v for n, v in document.items() if n not in names}


def _all_endpoints_as(scheme: str) -> Bend:
    """Give every endpoint a scheme that must never be fetched, redirected to or rendered."""

    def bend(document: Document, _scene: Scene) -> object:
        moved = {n: f"{scheme}//etc/passwd" for n in document if n.endswith(("_endpoint", "_uri"))}
        return document | moved

    return bend


def _keys(change: Callable[[list[object], Scene], list[object]]) -> Bend:
    def bend(document: Document, scene: Scene) -> object:
        found = document["keys"]
        return document | {"keys": change(list(found) if isinstance(found, list) else [], scene)}

    return bend


def _junk_first(keys: list[object], _scene: Scene) -> list[object]:
    junk: list[object] = [
        None,
        "a text",
        {},
        {"kty": "RSA", "kid": "half-a-key", "n": "AQAB"},
        {"kty": "RSA", "kid": 7, "n": "!", "e": "?"},
        {"kty": "EC", "kid": "unknown-curve", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "oct", "kid": "symmetric", "alg": "HS256", "k": "c2VjcmV0"},
        {"kty": "QUANTUM", "kid": "future", "alg": "QS1"},
    ]
    return junk + keys


def _for_encryption(keys: list[object], _scene: Scene) -> list[object]:
    extra = attackers_key().public_jwk() | {"use": "enc", "alg": "RSA-OAEP"}
    return [extra, *keys]


def _only_for_encryption(keys: list[object], _scene: Scene) -> list[object]:
    return [k | {"use": "enc", "alg": "RSA-OAEP"} for k in keys if isinstance(k, dict)]


def _private(_keys: list[object], scene: Scene) -> list[object]:
    return [key.private_jwk() for key in scene.ring.published]


def thin(draft: Draft) -> None:
    """Leave only the subject, so that a product that needs more must query userinfo."""
    removed = {"name", "given_name", "family_name", "preferred_username", "picture"}
    removed |= {"email", "email_verified", "xms_edov"}
    draft.claims = {n: v for n, v in draft.claims.items() if n not in removed}


def _other_userinfo(key: str, says: str, bend: Bend) -> Fault:
    effects = (Lie(thin), DocumentBend(Stage.USERINFO, bend))
    return Fault(f"userinfo_{key}", says, Stage.USERINFO, Outcome.REFUSED_IF_ASKED, effects)


def _error_page(fields: dict[str, str]) -> Callable[[Answer, Scene], Answer]:
    return lambda _answer, _scene: json_answer(fields)


def _form_encoded(answer: Answer, _scene: Scene) -> Answer:
    if answer.status != 200 or answer.content_type != "application/json":
        return answer
    fields = answer.body.decode()
    return form_answer(_decoded(fields))


def _decoded(text: str) -> Document:
    document = json.loads(text)
    return document if isinstance(document, dict) else {}


_NESTED = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a2V5.aXY.Y2lwaGVy.dGFn"
_GARBAGE = "a.b.ü"
_OTHER_SUB = "somebody-else"
_FINE = Outcome.SIGNED_IN

DISCOVERY = tuple(
    _fault(Stage.DISCOVERY, *rest)
    for rest in (
        (
            "issuer_other",
            "The metadata names another issuer.",
            _with(issuer="https://issuer.example"),
        ),
        ("issuer_missing", "The metadata names no issuer.", _without("issuer")),
        ("file", "All URLs of the metadata are file: URLs.", _all_endpoints_as("file:/")),
        ("ftp", "All URLs of the metadata are ftp: URLs.", _all_endpoints_as("ftp:")),
        (
            "javascript",
            "All URLs of the metadata are javascript: URLs.",
            _all_endpoints_as("javascript:"),
        ),
        ("no_jwks", "The metadata lacks jwks_uri.", _without("jwks_uri")),
        ("no_token_endpoint", "The metadata lacks token_endpoint.", _without("token_endpoint")),
        (
            "numbers",
            "The endpoints are numbers.",
            _with(token_endpoint=7, jwks_uri=7, authorization_endpoint=7),
        ),
    )
)
JWKS = (
    _fault(Stage.JWKS, "junk", "Junk keys are listed before the real ones.", _keys(_junk_first), _FINE),
    _fault(
        Stage.JWKS,
        "encryption",
        "An encryption key is listed beside the real ones.",
        _keys(_for_encryption),
        _FINE,
    ),
    _fault(
        Stage.JWKS,
        "only_encryption",
        "The only key is for encryption.",
        _keys(_only_for_encryption),
    ),
    _fault(Stage.JWKS, "no_keys", "The JWKS is empty.", _with(keys=[])),
    _fault(Stage.JWKS, "keys_text", "The keys are a string.", _with(keys="none today")),
    _fault(Stage.JWKS, "private", "The JWKS leaks the private key.", _keys(_private), Outcome.EITHER),
)
TOKEN = (
    _fault(Stage.TOKEN, "no_id_token", "No ID token in the answer.", _without("id_token")),
    _fault(Stage.TOKEN, "id_token_null", "The ID token is null.", _with(id_token=None)),
    _fault(Stage.TOKEN, "id_token_number", "The ID token is a number.", _with(id_token=4711)),
    _fault(Stage.TOKEN, "id_token_garbage", "The ID token is garbage.", _with(id_token=_GARBAGE)),
    _fault(Stage.TOKEN, "id_token_encrypted", "The ID token has five parts.", _with(id_token=_NESTED)),
    _fault(Stage.TOKEN, "no_access_token", "No access token.", _without("access_token"), Outcome.EITHER),
    _fault(
        Stage.TOKEN,
        "expires_in_text",
        "expires_in is a word.",
        _with(expires_in="soon"),
        Outcome.EITHER,
    ),
    _fault(
        Stage.TOKEN,
        "github_no_access_token",
        "No access token.",
        _without("access_token"),
        providers=GITHUB,
    ),
    _fault(
        Stage.TOKEN,
        "access_token_number",
        "The access token is a number.",
        _with(access_token=7),
        providers=GITHUB,
    ),
)
USERINFO = (
    _other_userinfo("sub_other", "userinfo is about another person.", _with(sub=_OTHER_SUB)),
    _other_userinfo("sub_missing", "userinfo has no sub.", _without("sub")),
    _fault(Stage.USERINFO, "id_missing", "/user has no id.", _without("id"), providers=GITHUB),
    _fault(Stage.USERINFO, "id_text", "The id is a string.", _with(id="4711"), Outcome.EITHER, GITHUB),
    _fault(Stage.USERINFO, "id_bool", "The id is true.", _with(id=True), providers=GITHUB),
    _fault(Stage.USERINFO, "id_zero", "The id is 0.", _with(id=0), providers=GITHUB),
    _fault(Stage.USERINFO, "id_negative", "The id is negative.", _with(id=-1), providers=GITHUB),
    _fault(Stage.USERINFO, "id_fraction", "The id is a fraction.", _with(id=1.5), providers=GITHUB),
    _fault(
        Stage.USERINFO,
        "login_renamed",
        "The login was renamed; id is the key.",
        _with(login="renamed"),
        _FINE,
        GITHUB,
    ),
)


def _github(key: str, says: str, stage: Stage, outcome: Outcome, bend: Callable[[Answer, Scene], Answer]) -> Fault:
    return Fault(
        key,
        says,
        stage,
        outcome,
        (AnswerBend(stage, bend),),
        GITHUB,
        address_unverified=stage is Stage.EMAILS,
    )


_BAD_CODE = {"error": "bad_verification_code", "error_description": "<script>alert(1)</script>"}
_UNVERIFIED = [{"email": "ada@example.com", "primary": True, "verified": False, "visibility": "public"}]
_ODD = [
    None,
    7,
    {"email": None, "primary": True, "verified": True},
    {"email": "a@b", "primary": "yes", "verified": "yes"},
]
GITHUBS = (
    _github(
        "token_error_200",
        "200 with an error in it.",
        Stage.TOKEN,
        Outcome.REFUSED,
        _error_page(_BAD_CODE),
    ),
    _github("token_form", "Form-encoded, although JSON was requested.", Stage.TOKEN, _FINE, _form_encoded),
    _github(
        "emails_none",
        "An empty list of addresses.",
        Stage.EMAILS,
        _FINE,
        lambda _a, _s: json_answer([]),
    ),
    _github(
        "emails_object",
        "The addresses are not a list.",
        Stage.EMAILS,
        _FINE,
        lambda _a, _s: json_answer({"message": "x"}),
    ),
    _github(
        "emails_unverified",
        "The primary address is unverified.",
        Stage.EMAILS,
        _FINE,
        lambda _a, _s: json_answer(_UNVERIFIED),
    ),
    _github(
        "emails_odd",
        "Things in the list are not addresses.",
        Stage.EMAILS,
        _FINE,
        lambda _a, _s: json_answer(_ODD),
    ),
)

FAULTS: tuple[Fault, ...] = (*DISCOVERY, *JWKS, *TOKEN, *USERINFO, *GITHUBS)

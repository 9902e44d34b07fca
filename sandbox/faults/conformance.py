"""Faults from the OpenID Foundation's conformance suite for clients that the other modules do not have."""

from collections.abc import Callable
from dataclasses import replace

from sandbox.algorithms import OTHER_ALGORITHMS, other_key
from sandbox.drafts import Draft, Scene, compact, half_hash
from sandbox.faults.documents import thin
from sandbox.faults.kinds import (
    AnswerBend,
    ClientMethods,
    DocumentBend,
    Effect,
    Fault,
    IssuerEnding,
    Lie,
    Outcome,
    Stage,
)
from sandbox.keys import attackers_key
from sandbox.providers import Provider
from sandbox.wire import Answer, Manner, json_answer

SAYS_VERIFIED = (Provider.GOOGLE, Provider.KEYCLOAK)  # in userinfo too, unlike Microsoft
MICROSOFT = (Provider.MICROSOFT,)
KEYCLOAK = (Provider.KEYCLOAK,)
Document = dict[str, object]


def signed_by(algorithm: str) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        key = other_key(algorithm)
        draft.headers |= {"alg": algorithm, "kid": key.kid}
        draft.signer = key.sign
        if "at_hash" in draft.claims:
            draft.claims["at_hash"] = half_hash(draft.access_token, algorithm)

    return bend


def publishing(algorithm: str) -> DocumentBend:
    """Publish the key of that algorithm in addition to the usual ones."""

    def bend(document: Document, _scene: Scene) -> object:
        listed = document["keys"]
        assert isinstance(listed, list)  # noqa: S101  # the sandbox's own document
        return document | {"keys": [*listed, other_key(algorithm).public_jwk()]}

    return DocumentBend(Stage.JWKS, bend)


def _set(name: str, value: object) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.claims[name] = value

    return bend


def _forged(draft: Draft) -> None:
    draft.signer = attackers_key().sign


def _refresh(key: str, says: str, bend: Callable[[Draft], None], outcome: Outcome = Outcome.REFUSED) -> Fault:
    return Fault(f"refresh_{key}", f"After a refresh, {says}", Stage.REFRESH, outcome, (Lie(bend),))


def _without_nonce(draft: Draft) -> None:
    draft.claims.pop("nonce", None)


def _methods(key: str, says: str, outcome: Outcome, listed: tuple[str, ...] | None, taken: tuple[str, ...]) -> Fault:
    def bend(document: Document, _scene: Scene) -> object:
        name = "token_endpoint_auth_methods_supported"
        return {n: v for n, v in document.items() if n != name} | ({} if listed is None else {name: list(listed)})

    effects: tuple[Effect, ...] = (DocumentBend(Stage.DISCOVERY, bend), ClientMethods(taken))
    return Fault(f"discovery_auth_{key}", says, Stage.DISCOVERY, outcome, effects)


def _as_jwt(answer: Answer, document: Document, scene: Scene, signer: Callable[[bytes], bytes]) -> Answer:
    headers: Document = {"alg": "RS256", "kid": scene.ring.current.kid}
    token = compact(headers, document | {"iss": scene.issuer, "aud": scene.client.client_id}, signer)
    return replace(answer, body=token.encode(), content_type="application/jwt")


def _signed_userinfo(*, forged: bool) -> Callable[[Answer, Scene], Answer]:
    def bend(answer: Answer, scene: Scene) -> Answer:
        if answer.status != 200:
            return answer
        signer = attackers_key().sign if forged else scene.ring.current.sign
        return _as_jwt(answer, answer.json, scene, signer)

    return bend


def _userinfo(key: str, says: str, bend: Callable[[Answer, Scene], Answer], **more: object) -> Fault:
    """The ID token contains only the subject, so that a product that needs more must query userinfo."""
    effects = (Lie(thin), AnswerBend(Stage.USERINFO, bend))
    return replace(Fault(f"userinfo_{key}", says, Stage.USERINFO, Outcome.SIGNED_IN, effects), **more)  # type: ignore[arg-type]


def _ill(key: str, says: str, bend: Callable[[Answer, Scene], Answer], *, slow: bool = False) -> Fault:
    return _userinfo(
        f"needed_{key}", f"The ID token is thin, and userinfo {says}", bend, address_unverified=True, slow=slow
    )


def _other_algorithm(algorithm: str) -> Fault:
    effects = (Lie(signed_by(algorithm)), publishing(algorithm))
    says = f"Signed with {algorithm} and a published key."
    return Fault(f"alg_other_{algorithm.lower()}", says, Stage.ID_TOKEN, Outcome.REFUSED, effects)


FAULTS: tuple[Fault, ...] = (
    *(_other_algorithm(algorithm) for algorithm in OTHER_ALGORITHMS),
    Fault(
        "logout_other_alg",
        "The logout token is signed with ES256 and a published key.",
        Stage.LOGOUT,
        Outcome.REFUSED,
        (Lie(signed_by("ES256")), publishing("ES256")),
        KEYCLOAK,
    ),
    Fault(
        "discovery_issuer_slash",
        "The issuer ends in a slash wherever it is named.",
        Stage.DISCOVERY,
        Outcome.REFUSED,
        (IssuerEnding("/"),),
        (Provider.GOOGLE, Provider.KEYCLOAK),
    ),
    _methods(
        "missing",
        "No authentication method is listed: client_secret_basic is the default.",
        Outcome.SIGNED_IN,
        None,
        ("client_secret_basic",),
    ),
    _methods(
        "basic",
        "Only client_secret_basic is listed.",
        Outcome.SIGNED_IN,
        ("client_secret_basic",),
        ("client_secret_basic",),
    ),
    _methods(
        "post",
        "Only client_secret_post is listed.",
        Outcome.SIGNED_IN,
        ("private_key_jwt", "client_secret_post"),
        ("client_secret_post",),
    ),
    _methods("neither", "Only private_key_jwt is listed.", Outcome.REFUSED, ("private_key_jwt",), ()),
    _refresh("iss", "the ID token is another issuer's.", _set("iss", "https://issuer.example")),
    _refresh("sub", "the ID token is about another person.", _set("sub", "somebody-else")),
    _refresh("aud", "the ID token is for another client.", _set("aud", "another-client")),
    _refresh("azp", "the ID token was issued to another client.", _set("azp", "another-client")),
    _refresh("nonce", "the ID token has another nonce than the first.", _set("nonce", "another-nonce")),
    _refresh("at_hash", "the ID token has the at_hash of another access token.", _set("at_hash", "A" * 22)),
    _refresh("forged", "the ID token is signed with a foreign key.", _forged),
    _refresh("no_nonce", "the ID token has no nonce, as is usual.", _without_nonce, Outcome.SIGNED_IN),
    Fault(
        "id_token_thin",
        "The ID token contains only the subject; userinfo has the rest.",
        Stage.ID_TOKEN,
        Outcome.SIGNED_IN,
        (Lie(thin),),
        SAYS_VERIFIED,
    ),
    Fault(
        "id_token_thin_unvouched",
        "The ID token contains only the subject; userinfo has the rest, unverified.",
        Stage.ID_TOKEN,
        Outcome.SIGNED_IN,
        (Lie(thin),),
        MICROSOFT,
        address_unverified=True,
    ),
    _userinfo("signed", "userinfo is a signed JWT.", _signed_userinfo(forged=False), providers=SAYS_VERIFIED),
    _userinfo(
        "signed_forged",
        "userinfo is a JWT signed with a foreign key.",
        _signed_userinfo(forged=True),
        outcome=Outcome.REFUSED_IF_ASKED,
    ),
    _ill("500", "answers 500.", lambda _a, _s: json_answer({"error": "server_error"}, 500)),
    _ill("403", "answers 403.", lambda _a, _s: json_answer({"error": "insufficient_scope"}, 403)),
    _ill("list", "answers a list.", lambda _a, _s: json_answer([])),
    _ill("reset", "resets the connection.", lambda answer, _s: replace(answer, manner=Manner.RESET)),
    _ill("hang", "never answers.", lambda answer, _s: replace(answer, manner=Manner.HANG), slow=True),
)

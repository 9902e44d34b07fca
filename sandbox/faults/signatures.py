"""Faults of the ID token's signature and header: forged signatures, confused algorithms, unnamed and new keys."""

from collections.abc import Callable

from sandbox.drafts import Draft, Scene, hs256, unsigned
from sandbox.faults.kinds import DocumentBend, Fault, Lie, Outcome, Rotation, Stage
from sandbox.keys import attackers_key, base64url


def _fault(key: str, says: str, bend: Callable[[Draft], None]) -> Fault:
    return Fault(key, says, Stage.ID_TOKEN, Outcome.REFUSED, (Lie(bend),))


def _unsigned_as(spelling: str) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.headers["alg"] = spelling
        draft.signer = unsigned

    return bend


def _forged(draft: Draft) -> None:
    draft.signer = attackers_key().sign


def _tampered(draft: Draft) -> None:
    """Change a claim, but keep the signature over the original text."""
    honest = Draft(draft.scene, dict(draft.claims))
    signature = str(honest.signed()).rpartition(".")[2]
    draft.claims["name"] = "Somebody Else"
    draft.instead = str(draft.signed()).rpartition(".")[0] + "." + signature


def _stripped(draft: Draft) -> None:
    draft.signer = unsigned


def _hs256_with_secret(draft: Draft) -> None:
    draft.headers["alg"] = "HS256"
    draft.signer = hs256(draft.scene.client.secret.encode())


def _hs256_with_public_key(draft: Draft) -> None:
    draft.headers["alg"] = "HS256"
    draft.signer = hs256(draft.scene.ring.current.public_pem())


def _own_jwk(draft: Draft) -> None:
    draft.headers["jwk"] = attackers_key().public_jwk()
    _forged(draft)


def _own_key_at(header: str) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.headers |= {header: f"{draft.scene.leak_url}/{header}", "kid": attackers_key().kid}
        _forged(draft)

    return bend


def _kid_as(kid: object) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        draft.headers["kid"] = kid

    return bend


def _critical(draft: Draft) -> None:
    """RFC 7515, section 4.1.11: an unknown critical extension must be refused."""
    draft.headers |= {"crit": ["https://sandbox.example/extension"]}
    draft.headers["https://sandbox.example/extension"] = True


def _still_withdrawn(draft: Draft) -> None:
    old = draft.scene.ring.last_withdrawn or attackers_key()
    draft.headers["kid"] = old.kid
    draft.signer = old.sign


def _symmetric_jwks(document: dict[str, object], scene: Scene) -> object:
    secret = base64url(scene.client.secret.encode())
    oct_key = {"kty": "oct", "use": "sig", "alg": "HS256", "kid": scene.ring.current.kid}
    return document | {"keys": [oct_key | {"k": secret}]}


_SPELLINGS = {"none": "none", "title": "None", "upper": "NONE", "mixed": "nOnE", "empty": ""}

FAULTS: tuple[Fault, ...] = (
    _fault("signature_forged", "Signed with a foreign key under the real kid.", _forged),
    _fault("signature_tampered", "The payload was changed after signing.", _tampered),
    _fault("signature_stripped", "alg RS256, but the signature is empty.", _stripped),
    *(
        _fault(
            f"alg_none_{name}",
            f'alg is "{spelling}" and nothing is signed.',
            _unsigned_as(spelling),
        )
        for name, spelling in _SPELLINGS.items()
    ),
    _fault("alg_hs256_secret", "HS256 with the client secret.", _hs256_with_secret),
    _fault("alg_hs256_public_key", "HS256 with the public key as secret.", _hs256_with_public_key),
    _fault("header_jwk", "The header contains the attacker's key as jwk.", _own_jwk),
    _fault("header_jku", "The header points to the attacker's keys by jku.", _own_key_at("jku")),
    _fault("header_x5u", "The header points to the attacker's key by x5u.", _own_key_at("x5u")),
    _fault("header_crit", "An unknown critical header.", _critical),
    _fault("kid_unknown", "A kid that is not in the JWKS.", _kid_as("no-such-key")),
    _fault("kid_number", "The kid is a number.", _kid_as(7)),
    Fault(
        "kid_missing",
        "No kid, while the JWKS has one key.",
        Stage.ID_TOKEN,
        Outcome.EITHER,
        (Lie(_kid_as(None)),),
    ),
    Fault(
        "kid_missing_several_keys",
        "No kid, while the JWKS has several keys.",
        Stage.ID_TOKEN,
        Outcome.EITHER,
        (Rotation(), Lie(_kid_as(None))),
    ),
    Fault(
        "alg_hs256_symmetric_jwks",
        "The JWKS offers the client secret as a symmetric key, and HS256 is signed with it.",
        Stage.ID_TOKEN,
        Outcome.REFUSED,
        (Lie(_hs256_with_secret), DocumentBend(Stage.JWKS, _symmetric_jwks)),
    ),
    Fault(
        "key_rotated",
        "A new signing key; the old one stays published.",
        Stage.ID_TOKEN,
        Outcome.SIGNED_IN,
        (Rotation(),),
    ),
    Fault(
        "key_replaced",
        "A new signing key; the old one is withdrawn.",
        Stage.ID_TOKEN,
        Outcome.SIGNED_IN,
        (Rotation(withdraw=True),),
    ),
    Fault(
        "key_replaced_same_kid",
        "A new signing key under the old kid, as when a provider was set up again.",
        Stage.ID_TOKEN,
        Outcome.SIGNED_IN,
        (Rotation(keep_kid=True),),
    ),
    Fault(
        "key_withdrawn",
        "Signed with a withdrawn key, valid only while a key cache still has it.",
        Stage.ID_TOKEN,
        Outcome.EITHER,
        (Rotation(withdraw=True), Lie(_still_withdrawn)),
    ),
)

"""A careful relying party with cold caches: it signs in or refuses, and reports where and why."""

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

from sandbox.drafts import half_hash
from sandbox.faults import Stage
from sandbox.providers import MICROSOFT_TENANT, Provider
from tests.sandbox.relying_party import JSON, Client, Flow, basic

LIMIT = 1024 * 1024
LEEWAY = 60
VOLATILE = frozenset({"sid", "jti", "uti"})


class Refused(Exception):
    def __init__(self, stage: Stage, reason: str) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage = stage


@dataclass
class Verdict:
    """`seen` is everything that the provider sent, without what differs between runs."""

    session: bool = False
    stage: Stage | None = None
    reason: str = ""
    verified: bool = False
    seen: list[object] = field(default_factory=list)


def judge(client: Client, provider: Provider) -> Verdict:
    verdict = Verdict()
    attempt = Attempt(client, provider, verdict)
    try:
        verdict.verified = attempt.github() if provider is Provider.GITHUB else attempt.openid()
        verdict.session = True
    except Refused as refusal:
        verdict.stage, verdict.reason = refusal.stage, str(refusal)
    return verdict


@dataclass
class Attempt:
    client: Client
    provider: Provider
    verdict: Verdict

    def openid(self) -> bool:
        issuer = self.client.sandbox.environment()[f"{self.provider.upper()}_ISSUER"]
        metadata = self.discovery(issuer)
        self.client.kept[self.provider] = metadata
        graph = f"{self.client.sandbox.environment()['MICROSOFT_GRAPH_URL']}/User.Read"
        scope = "openid email profile" + (f" {graph}" if self.provider is Provider.MICROSOFT else "")
        flow = self.come_back(self.client.start(self.provider, scope=scope, max_age="3600"), metadata)
        ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        check(bool({"client_secret_basic", "client_secret_post"} & set(ways)), Stage.DISCOVERY, "no way for clients")
        answer = self.redeem(flow, metadata["token_endpoint"], by_basic="client_secret_post" not in ways)
        check(isinstance(answer.get("id_token"), str), Stage.TOKEN, "no ID token")
        check(answer["id_token"].count(".") == 2 and answer["id_token"].isascii(), Stage.TOKEN, "not a JWS")
        claims = self.id_token(answer["id_token"], flow, metadata)
        check_hash(claims, answer.get("access_token"))
        told = self.userinfo(metadata, answer.get("access_token"), claims["sub"])
        self.look_further(answer.get("access_token"), flow)
        owner = claims.get("xms_edov") in (True, "1", "true") and claims.get("xms_edov") is not False
        address = claims if "email" in claims else told
        return owner if self.provider is Provider.MICROSOFT else address.get("email_verified") is True

    def github(self) -> bool:
        flow = self.come_back(self.client.start(self.provider, scope="user:email read:org"), {})
        base = f"{self.client.sandbox.base_url}/github"
        token = self.redeem(flow, f"{base}/login/oauth/access_token", forms_too=True)["access_token"]
        user = self.fetched(Stage.USERINFO, f"{base}/api/user", bearer=token)
        check(isinstance(user, dict), Stage.USERINFO, "not an object")
        number = user.get("id")
        check(type(number) is int and number > 0, Stage.USERINFO, "no positive number as id")
        self.look_at(Stage.ORGANIZATIONS, f"{base}/api/user/orgs", token)
        try:
            addresses = self.fetched(Stage.EMAILS, f"{base}/api/user/emails", bearer=token)
        except Refused:
            return False
        return isinstance(addresses, list) and any(is_verified_primary(a) for a in addresses)

    def look_further(self, access_token: object, flow: Flow) -> None:
        """Read what only a product with claim rules would read. It does not affect the sign-in."""
        if self.provider is Provider.KEYCLOAK and isinstance(access_token, str):
            self.note_token(access_token, flow)
            self.verdict.seen.append(self.client.is_signed(self.provider, access_token))
        if self.provider is Provider.MICROSOFT and isinstance(access_token, str):
            base = self.client.sandbox.environment()["MICROSOFT_GRAPH_URL"]
            self.look_at(Stage.GROUPS, f"{base}/v1.0/me/transitiveMemberOf", access_token)

    def look_at(self, stage: Stage, url: str, token: str) -> None:
        try:
            self.fetched(stage, url, bearer=token)
        except Refused as refused:
            self.verdict.seen.append(str(refused))

    def discovery(self, issuer: str) -> Any:
        found = self.fetched(Stage.DISCOVERY, f"{issuer}/.well-known/openid-configuration")
        check(isinstance(found, dict) and found.get("issuer") == issuer, Stage.DISCOVERY, "issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            url = found.get(name)
            check(isinstance(url, str) and url.startswith("http://127.0.0.1:"), Stage.DISCOVERY, name)
        return found

    def come_back(self, flow: Flow, metadata: dict[str, Any]) -> Flow:
        callback = self.client.sandbox.visit(flow.url, "ada")
        sent = parse_qs(urlsplit(flow.url).query)
        target, _, query = callback.partition("?")
        answer = parse_qs(query, keep_blank_values=True)
        self.verdict.seen.append((target, sorted(answer), answer.get("error"), answer.get("iss")))
        check(target == sent["redirect_uri"][0], Stage.AUTHORIZE, "another callback")
        check(all(len(values) == 1 for values in answer.values()), Stage.AUTHORIZE, "repeated")
        check("error" not in answer and "code" in answer, Stage.AUTHORIZE, "an error or no code")
        check(answer.get("state") == sent["state"], Stage.AUTHORIZE, "state")
        code = answer["code"][0]
        check(len(code) < 2048 and code.isprintable(), Stage.AUTHORIZE, "an odd code")
        advertised = metadata.get("authorization_response_iss_parameter_supported", False)
        named = answer.get("iss", [None])[0]
        check(named == metadata.get("issuer") or (named is None and not advertised), Stage.AUTHORIZE, "iss")
        return Flow(flow.provider, flow.verifier, flow.nonce, flow.url, callback)

    def redeem(self, flow: Flow, url: str, *, forms_too: bool = False, by_basic: bool = False) -> dict[str, Any]:
        secret = self.client.secret(self.provider)
        headers = basic(secret["client_id"], secret["client_secret"]) if by_basic else {}
        form = {
            "grant_type": "authorization_code",
            "code": flow.answer["code"],
            "redirect_uri": self.client.sandbox.world.redirect_uri(self.provider),
            "code_verifier": flow.verifier,
            **({} if by_basic else secret),
        }
        answer = self.fetched(Stage.TOKEN, url, form=form, forms_too=forms_too, headers=headers)
        check(isinstance(answer, dict), Stage.TOKEN, "not an object")
        usable = isinstance(answer.get("access_token"), str) and "error" not in answer
        check(usable or not forms_too, Stage.TOKEN, "no access token")
        found: dict[str, Any] = answer
        return found

    def id_token(self, token: str, flow: Flow, metadata: dict[str, Any]) -> dict[str, Any]:
        self.note_token(token, flow)
        try:
            header = jwt.get_unverified_header(token)
            check(header.get("alg") == "RS256" and "crit" not in header, Stage.ID_TOKEN, "header")
            key = self.keys(metadata["jwks_uri"]).get(header.get("kid", ""))
            check(key is not None, Stage.ID_TOKEN, "kid")
            claims = jwt.decode(
                token,
                key or "",
                ["RS256"],
                {"require": ["exp", "iat", "sub", "aud", "iss"]},
                audience=self.client.secret(self.provider)["client_id"],
                issuer=metadata["issuer"],
                leeway=LEEWAY,
            )
        except (jwt.PyJWTError, ValueError, TypeError) as failure:
            raise Refused(Stage.ID_TOKEN, repr(failure)) from failure
        self.check_claims(claims, flow)
        return claims

    def check_claims(self, claims: dict[str, Any], flow: Flow) -> None:
        client_id = self.client.secret(self.provider)["client_id"]
        check(claims["aud"] in (client_id, [client_id]), Stage.ID_TOKEN, "aud")
        check(claims.get("azp", client_id) == client_id, Stage.ID_TOKEN, "azp")
        check(claims.get("nonce") == flow.nonce, Stage.ID_TOKEN, "nonce")
        proven_at = claims.get("auth_time", 0)
        check(type(proven_at) is int and 0 <= proven_at <= time.time() + LEEWAY, Stage.ID_TOKEN, "auth_time")
        check(0 < len(claims["sub"]) <= 255 and claims["sub"].isprintable(), Stage.ID_TOKEN, "sub")
        if self.provider is Provider.MICROSOFT:
            check(claims.get("tid") == MICROSOFT_TENANT, Stage.ID_TOKEN, "tid")

    def keys(self, url: str) -> dict[str, jwt.PyJWK]:
        document = self.fetched(Stage.JWKS, url)
        listed = document.get("keys") if isinstance(document, dict) else None
        check(isinstance(listed, list), Stage.JWKS, "no list of keys")
        found = {}
        for entry in listed or ():
            if isinstance(entry, dict) and entry.get("kty") == "RSA" and entry.get("use") == "sig":
                found[entry["kid"]] = jwt.PyJWK({n: entry[n] for n in ("kty", "n", "e")}, "RS256")
        check(bool(found), Stage.JWKS, "no usable key")
        return found

    def userinfo(self, metadata: dict[str, Any], token: str | None, subject: str) -> dict[str, Any]:
        try:
            found = self.fetched(Stage.USERINFO, metadata["userinfo_endpoint"], bearer=token)
        except Refused:
            return {}
        if isinstance(found, str):
            check(self.client.is_signed(self.provider, found), Stage.USERINFO, "signature")
            found = jwt.decode(found, options={"verify_signature": False})
        if not isinstance(found, dict):
            return {}
        check(found.get("sub") == subject, Stage.USERINFO, "sub")
        return found

    def note_token(self, token: str, flow: Flow) -> None:
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(token, options={"verify_signature": False, "verify_sub": False})
        except jwt.PyJWTError as failure:
            self.verdict.seen.append(repr(failure))
            return
        now = time.time()
        for name in {"exp", "iat", "nbf", "auth_time"} & set(claims):
            claims[name] = round((claims[name] - now) / 20) if type(claims[name]) is int else claims[name]
        claims["nonce"] = {flow.nonce: "ours"}.get(claims.get("nonce", ""), claims.get("nonce"))
        claims["at_hash"] = {"A" * 22: "wrong"}.get(claims.get("at_hash", ""), "at_hash" in claims)
        self.verdict.seen += [header, {n: v for n, v in claims.items() if n not in VOLATILE}]

    def fetched(
        self,
        stage: Stage,
        url: str,
        *,
        bearer: str | None = None,
        form: dict[str, str] | None = None,
        forms_too: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Any:
        headers = JSON | (headers or {}) | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        try:
            status, kind, body = bounded_fetch(url, headers, form)
            self.verdict.seen.append((status, kind))
            check(status == 200, stage, f"status {status}")
            if forms_too and kind == "application/x-www-form-urlencoded":
                return {name: values[0] for name, values in parse_qs(body.decode()).items()}
            if kind == "application/jwt":
                return body.decode()
            document = json.loads(body)
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as failure:
            raise Refused(stage, repr(failure)) from failure
        lasting = stage is not Stage.TOKEN
        self.verdict.seen.append(document if lasting else sorted((n, type(v).__name__) for n, v in pairs(document)))
        return document


def bounded_fetch(url: str, headers: dict[str, str], form: dict[str, str] | None) -> tuple[int, str, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    sent = headers | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {})
    try:
        connection.request("POST" if form else "GET", parts.path, urlencode(form) if form else None, sent)
        answer = connection.getresponse()
        if answer.headers.get("Content-Encoding"):
            raise ValueError("packed")
        body = answer.read(LIMIT + 1)
        if len(body) > LIMIT:
            raise ValueError("too big")
        if len(body) < int(answer.headers["Content-Length"]):
            raise http.client.IncompleteRead(body)
        return answer.status, answer.headers.get_content_type(), body
    finally:
        connection.close()


def check(holds: bool, stage: Stage, reason: str) -> None:  # noqa: FBT001 - reads like assert
    if not holds:
        raise Refused(stage, reason)


def check_hash(claims: dict[str, Any], access_token: object) -> None:
    if "at_hash" in claims and isinstance(access_token, str):
        check(claims["at_hash"] == half_hash(access_token), Stage.ID_TOKEN, "at_hash")


def is_verified_primary(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("email"), str):
        return False
    return entry.get("primary") is True and entry.get("verified") is True


def pairs(document: object) -> list[tuple[str, object]]:
    return list(document.items()) if isinstance(document, dict) else [("", document)]

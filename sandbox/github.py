"""Play GitHub: plain OAuth 2.0, form-encoded answers, `/user`, `/user/emails`, no ID token."""

import json
import secrets
import zlib
from collections.abc import Callable

from sandbox.authorize import FrontDoor, Rules
from sandbox.clients import client_proves_itself
from sandbox.faults import Stage
from sandbox.grants import Grant, GrantRefused, Kind
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.routing import Endpoint, Routes
from sandbox.wire import Answer, Request, form_answer, json_answer
from sandbox.world import World

LOGIN = "/github/login/oauth"
API = "/github/api"
FOR_EVER = 10 * 365 * 24 * 3600


class GitHub:
    provider = Provider.GITHUB

    def __init__(self, world: World) -> None:
        self.world = world
        self.door = FrontDoor(world, self.provider, Rules(openid=False))

    def routes(self) -> Routes:
        application = f"{API}/applications/{self.world.client(self.provider).client_id}/token"
        return {
            ("GET", f"{LOGIN}/authorize"): Endpoint("authorize", self.door.authorize),
            ("POST", "/github/choose"): Endpoint("choose", self.door.choose, guarded=True),
            ("POST", f"{LOGIN}/access_token"): Endpoint("token", self.token, Stage.TOKEN),
            ("GET", f"{API}/user"): Endpoint("user", self.user, Stage.USERINFO),
            ("GET", f"{API}/user/emails"): Endpoint("emails", self.emails, Stage.EMAILS),
            ("GET", f"{API}/user/orgs"): Endpoint("orgs", self.orgs, Stage.ORGANIZATIONS),
            ("DELETE", application): Endpoint("revoke", self.revoke, Stage.REVOCATION),
        }

    def token(self, request: Request) -> Answer:
        """GitHub always answers 200; a refusal has `error` in the document."""
        as_json = "application/json" in request.header("accept")
        document = self._exchange(request)
        return json_answer(document) if as_json else form_answer(document)

    def user(self, request: Request) -> Answer:
        return self._for_person(request, self._user)

    def emails(self, request: Request) -> Answer:
        return self._for_person(request, self._emails)

    def orgs(self, request: Request) -> Answer:
        """Answer one page. ``per_page`` defaults to 30, and is 100 at most."""
        size = min(_number(request.query.get("per_page"), 30), 100)
        first = (_number(request.query.get("page"), 1) - 1) * size
        return self._for_person(request, lambda grant: self._orgs(grant, slice(first, first + size)))

    def revoke(self, request: Request) -> Answer:
        if request.basic_credentials is None or not client_proves_itself(request, self.world.client(self.provider)):
            return json_answer({"message": "Not Found"}, 404)
        token = _access_token_in(request.body)
        if not self.world.grants.revoke(token, self.provider):
            return json_answer({"message": "Validation Failed"}, 422)
        return Answer(204)

    def _exchange(self, request: Request) -> dict[str, object]:
        form = request.form
        if not client_proves_itself(request, self.world.client(self.provider)):
            return _error("incorrect_client_credentials", "Client id or secret are wrong.")
        try:
            grant = self.world.grants.redeem(
                form.get("code", ""),
                provider=self.provider,
                redirect_uri=form.get("redirect_uri"),
                verifier=form.get("code_verifier", ""),
            )
        except GrantRefused as refusal:
            return _error("bad_verification_code", str(refusal))
        return self._granted(grant)

    def _granted(self, grant: Grant) -> dict[str, object]:
        value = f"gho_{secrets.token_hex(18)}"
        token = self.world.grants.issue(grant, Kind.ACCESS, value, FOR_EVER)
        scope = ",".join(sorted(grant.ask.scopes))
        return {"access_token": token, "scope": scope, "token_type": "bearer"}

    def _for_person(self, request: Request, found: Callable[[Grant], Answer]) -> Answer:
        if not request.header("user-agent"):
            return json_answer({"message": "Please make sure your request has a User-Agent."}, 403)
        token = self.world.grants.live(request.bearer_token, self.provider, Kind.ACCESS)
        if token is None:
            return json_answer({"message": "Bad credentials", "status": "401"}, 401)
        return found(token.grant)

    def _user(self, grant: Grant) -> Answer:
        persona = grant.session.persona
        identifier = int(persona.subject(self.provider))
        document: dict[str, object] = {
            "login": persona.username,
            "id": identifier,
            "avatar_url": f"{self.world.base_url}/portrait.svg",
            "html_url": f"{self.world.base_url}/github/{persona.username}",
            "type": "User",
            "name": persona.name or None,
            "email": None if persona.private_email else persona.email,
        }
        found = persona.bent(self.provider, document)
        return json_answer({n: v for n, v in found.items() if n != "emails"})

    def _emails(self, grant: Grant) -> Answer:
        if not grant.ask.scopes & {"user:email", "user"}:
            return json_answer({"message": "Not Found", "status": "404"}, 404)
        persona = grant.session.persona
        given = persona.claims.get(self.provider, {}).get("emails")
        return json_answer(_addresses(persona) if given is None else given)

    def _orgs(self, grant: Grant, page: slice) -> Answer:
        if not grant.ask.scopes & {"read:org", "user"}:
            return json_answer({"message": "You need at least read:org scope to list organizations."}, 403)
        logins = sorted({group.strip("/").partition("/")[0] for group in grant.session.persona.groups})
        found = [{"login": login, "id": organization_id(login)} for login in logins]
        return json_answer(found[page])


def organization_id(login: str) -> int:
    """Return an organization's id, which is the same in every process."""
    return 1000 + zlib.crc32(login.encode()) % 1_000_000


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default


def _error(error: str, description: str) -> dict[str, object]:
    return {
        "error": error,
        "error_description": description,
        "error_uri": "https://docs.github.com",
    }


def _addresses(persona: Persona) -> list[dict[str, object]]:
    """The second address is verified but not primary: it must never become the contact."""
    if persona.email is None:
        return []
    visibility = None if persona.private_email else "public"
    first = {"email": persona.email, "primary": True, "verified": persona.email_verified}
    second = f"{persona.key}@users.noreply.example"
    return [
        first | {"visibility": visibility},
        {"email": second, "primary": False, "verified": True, "visibility": None},
    ]


def _access_token_in(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("access_token", "")) if isinstance(document, dict) else ""

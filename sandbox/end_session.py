"""The end-session endpoints of Microsoft and Keycloak (OpenID Connect RP-Initiated Logout 1.0)."""

from collections.abc import Callable, Mapping

import jwt

from sandbox import pages
from sandbox.authorize import FrontDoor
from sandbox.backchannel import end_session
from sandbox.clients import client_proves_itself
from sandbox.grants import Kind
from sandbox.routing import Endpoint, Routes
from sandbox.wire import (
    Answer,
    RepeatedParameter,
    Request,
    json_answer,
    redirect,
    single_values,
    with_parameters,
)
from sandbox.world import World


class EndSessionRefused(Exception):
    """The ID token hint or the redirect URI is invalid. The message is for the page."""


class EndSession:
    def __init__(self, world: World, door: FrontDoor) -> None:
        self.world = world
        self.door = door
        self.provider = door.provider

    def routes(self, path: str) -> Routes:
        confirmed = Endpoint("logout", self.confirmed, guarded=True)
        return {
            ("GET", path): Endpoint("logout", self.leave),
            ("POST", path): Endpoint("logout", self.leave_by_post),
            ("POST", f"/{self.provider}/leave"): confirmed,
        }

    def leave(self, request: Request) -> Answer:
        return self._explained(lambda: self._left(request, request.query))

    def leave_by_post(self, request: Request) -> Answer:
        """Also serve Keycloak's own variant: client credentials and a refresh token, without a browser."""
        return self._explained(lambda: self._posted(request))

    def confirmed(self, request: Request) -> Answer:
        return self._explained(lambda: self._confirmed(request))

    def _explained(self, step: Callable[[], Answer]) -> Answer:
        try:
            return step()
        except (EndSessionRefused, RepeatedParameter) as refusal:
            return pages.problem(f"{self.provider.label} refuses this sign-out: {refusal}", 400)

    def _posted(self, request: Request) -> Answer:
        value = request.form.get("refresh_token")
        if value is None:
            return self._left(request, request.form)
        if not client_proves_itself(request, self.world.client(self.provider)):
            return json_answer({"error": "invalid_client"}, 401)
        token = self.world.grants.live(value, self.provider, Kind.REFRESH)
        if token is None:
            return json_answer({"error": "invalid_grant"}, 400)
        end_session(self.world, token.grant.session.sid)
        return Answer(204)

    def _left(self, request: Request, parameters: Mapping[str, str]) -> Answer:
        self._check_way_back(parameters)
        hint = parameters.get("id_token_hint")
        if hint is None:
            return pages.leave(self.provider, parameters)
        end_session(self.world, self._sid_in(hint) or request.cookie(self.door.cookie_name))
        return self._farewell(parameters)

    def _confirmed(self, request: Request) -> Answer:
        parameters = single_values(request.form.get("request", ""))
        self._check_way_back(parameters)
        end_session(self.world, request.cookie(self.door.cookie_name))
        return self._farewell(parameters)

    def _check_way_back(self, parameters: Mapping[str, str]) -> None:
        target = parameters.get("post_logout_redirect_uri")
        if target is not None and not target.startswith(f"{self.world.public_url}/"):
            raise EndSessionRefused("the post_logout_redirect_uri is not below the product's URL.")

    def _sid_in(self, hint: str) -> str:
        """Accept an expired hint, as the specification requires, but never a forged one."""
        client_id = self.world.client(self.provider).client_id
        for key in self.world.ring(self.provider).published:
            public = key.private.public_key()
            try:
                claims = jwt.decode(hint, public, ["RS256"], {"verify_exp": False}, audience=client_id)
            except jwt.InvalidTokenError:
                continue
            return str(claims.get("sid", ""))
        raise EndSessionRefused("the id_token_hint is not one of ours.")

    def _farewell(self, parameters: Mapping[str, str]) -> Answer:
        gone = f"{self.door.cookie_name}=; Path=/{self.provider}; Max-Age=0; HttpOnly; SameSite=Lax"
        headers = (("Set-Cookie", gone),)
        target = parameters.get("post_logout_redirect_uri")
        if target is None:
            return pages.left(self.provider, headers)
        state = parameters.get("state")
        back = with_parameters(target, (("state", state),)) if state is not None else target
        return redirect(back, headers=headers)

"""For FastAPI: a dependency that returns the access token of a request, and shows in the OpenAPI document."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from vestibule_verify.errors import AccessRefused
from vestibule_verify.guards import Guard, requires
from vestibule_verify.starlette import AsgiRequest, metadata_route, response_to, with_tenant
from vestibule_verify.tokens import AccessToken
from vestibule_verify.verifier import Verifier


class VestibuleBearer(SecurityBase):
    """``Depends(auth)`` requires an access token, ``Depends(auth.requires(scope="…"))`` one that allows more.

    ``install`` adds the metadata's route and the answers to refusals, of this dependency and of endpoints.
    """

    def __init__(self, verifier: Verifier, guard: Guard | None = None, *, tenant_from: str = "") -> None:
        self.verifier = verifier
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "Vestibule"
        self._guard, self._tenant_from = guard, tenant_from

    async def __call__(self, connection: HTTPConnection) -> AccessToken:
        guard = self._guard
        if guard is not None and self._tenant_from:
            guard = with_tenant(guard, self._tenant_from, connection.path_params)
        return await self.verifier.verify_async(AsgiRequest(connection.scope), guard)

    def requires(self, *, tenant_from: str = "", **what: Any) -> "VestibuleBearer":
        """Return a dependency with a guard: the arguments are those of ``vestibule_verify.requires``.

        ``tenant_from`` names the parameter of the path that is a tenant.
        """
        return self.guarded(requires(**what), tenant_from=tenant_from)

    def guarded(self, guard: Guard, *, tenant_from: str = "") -> "VestibuleBearer":
        """Return a dependency with this guard beside its own."""
        both = guard if self._guard is None else self._guard & guard
        return VestibuleBearer(self.verifier, both, tenant_from=tenant_from or self._tenant_from)

    def install(self, app: FastAPI) -> None:
        app.add_exception_handler(AccessRefused, _answer)
        app.router.routes.append(metadata_route(self.verifier))


async def _answer(_request: Request, refused: Exception) -> Response:
    if not isinstance(refused, AccessRefused):
        raise refused
    return response_to(refused)

"""A small back end that accepts Vestibule's access tokens: `python main.py` serves it (README.md)."""

import os
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI

from vestibule_verify import AccessToken, Verifier
from vestibule_verify.fastapi import VestibuleBearer

HALF_AN_HOUR = 1800  # seconds


def create_app(verifier: Verifier) -> FastAPI:
    app = FastAPI(title="Example back end")
    auth = VestibuleBearer(verifier)
    auth.install(app)

    @app.get("/public")
    async def public() -> dict[str, str]:
        return {"message": "Everybody reads this."}

    @app.get("/me")
    async def me(token: Annotated[AccessToken, Depends(auth)]) -> dict[str, Any]:
        return {
            "subject": token.subject,
            "client_id": token.client_id,
            "is_service": token.is_service,
            "scopes": sorted(token.scopes),
            "tenant_id": token.tenant_id,
            "org_role": token.org_role,
        }

    @app.get("/members", dependencies=[Depends(auth.requires(scope="members:read"))])
    async def members() -> list[str]:
        return ["Ada", "Grace"]

    @app.get("/tenants/{tenant_id}", dependencies=[Depends(auth.requires(tenant=True, tenant_from="tenant_id"))])
    async def tenant(tenant_id: str) -> dict[str, str]:
        return {"tenant_id": tenant_id}

    @app.get("/tier", dependencies=[Depends(auth.requires(tier="tier3"))])
    async def tier() -> dict[str, str]:
        return {"message": "Your computer can do this."}

    @app.get("/sensitive", dependencies=[Depends(auth.requires(fresh=HALF_AN_HOUR, acr="mfa"))])
    async def sensitive() -> dict[str, str]:
        return {"message": "You have just signed in with a second factor."}

    return app


def verifier_of(issuer: str, audience: str) -> Verifier:
    return Verifier(
        issuer=issuer,
        audience=audience,
        name="Example back end",
        scopes_supported=["members:read"],
        implied_scopes={"members:write": ["members:read"]},
        tier_claim="hardware_tier",
        tiers=["tier1", "tier2", "tier3", "tier4"],
    )


if __name__ == "__main__":
    issuer = os.environ.get("ISSUER", "http://127.0.0.1:8000")
    port = int(os.environ.get("BACKEND_PORT", "8100"))
    audience = os.environ.get("AUDIENCE", f"http://127.0.0.1:{port}/")
    uvicorn.run(create_app(verifier_of(issuer, audience)), host="127.0.0.1", port=port)

"""A back end that verifies access tokens with python-jose. KEY is the issuer's key as JSON, which never changes."""

import json
import os
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from jose import JWTError, jwk, jwt

ISSUER, AUDIENCE, SCOPE = os.environ["ISSUER"], os.environ["AUDIENCE"], os.environ["SCOPE"]
JWK = json.loads(os.environ["KEY"])
KEY: Any = JWK if os.environ.get("KEY_AS") == "jwk" else jwk.construct(JWK, "RS256")

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="token")


async def claims_of(token: Annotated[str, Depends(bearer)]) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(token, KEY, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
    except JWTError:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None
    if SCOPE not in claims.get("scope", "").split():
        raise HTTPException(403)
    return claims


@app.get("/me")
async def me(claims: Annotated[dict[str, Any], Depends(claims_of)]) -> dict[str, str]:
    return {"subject": claims["sub"]}


@app.get("/open")
async def without_token() -> dict[str, str]:
    return {"subject": "anybody"}

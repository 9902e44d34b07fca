"""The back end with our own verifier, all checks on."""

import os
from typing import Annotated

from fastapi import Depends, FastAPI

from vestibule_verify import AccessToken, Verifier
from vestibule_verify.fastapi import VestibuleBearer

app = FastAPI()
auth = VestibuleBearer(Verifier(issuer=os.environ["ISSUER"], audience=os.environ["AUDIENCE"]))
auth.install(app)
reader = auth.requires(scope=os.environ["SCOPE"])


@app.get("/me")
async def me(token: Annotated[AccessToken, Depends(reader)]) -> dict[str, str]:
    return {"subject": token.subject}

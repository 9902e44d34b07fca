"""Serves the BFF: its settings are in the environment (README.md)."""

import os

import uvicorn

from .main import BFF, create_app
from .openid import Registration


def main() -> None:
    port = int(os.environ.get("BFF_PORT", "8200"))
    url = os.environ.get("BFF_URL", f"http://127.0.0.1:{port}").rstrip("/")
    api = os.environ.get("API", "http://127.0.0.1:8100/")
    registration = Registration(
        issuer=os.environ.get("ISSUER", "http://127.0.0.1:8000"),
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        redirect_uri=f"{url}/bff/callback",
        resource=os.environ.get("AUDIENCE", api),
    )
    app = create_app(BFF(registration, url=url, api=api))
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False)  # its lines would have the codes of sign-ins


if __name__ == "__main__":
    main()

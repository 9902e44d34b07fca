"""The variables of the auth server. ``OIDC_SIGNING_KEYS`` has private keys in PEM, or paths of files with them."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

PEM = re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL)


def split(value: object) -> object:
    """Return the keys of a text, in their order. Raises ValueError for a file that cannot be read or has no key."""
    if not isinstance(value, str):
        return value
    text = value.replace("\\n", "\n").strip()  # environment files often hold one line
    if "-----BEGIN" in text:
        return _keys(text, "it")
    return [key for path in text.split(",") if path.strip() for key in _keys(_content(path.strip()), path.strip())]


def _content(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, ValueError) as failure:
        raise ValueError(f"{path} cannot be read") from failure


def _keys(text: str, name: str) -> list[str]:
    found = PEM.findall(text)
    if not found:
        raise ValueError(f"{name} has no private key in PEM")
    return found


SigningKeys = Annotated[
    list[SecretStr],
    BeforeValidator(split),
    Field(description="private keys in PEM or their paths; the first signs; default keys in the database"),
]
ReuseWindow = Annotated[
    int,
    Field(ge=0, le=600, description="seconds in which a repeated refresh token gets the same answer; 0: none"),
]

"""The values of `make run` for all settings that the environment leaves open."""

from collections.abc import Mapping
from dataclasses import dataclass

from config import environment

PROVIDERS = ("GOOGLE", "MICROSOFT", "GITHUB", "KEYCLOAK")


@dataclass(frozen=True, kw_only=True)
class GivenSettings:
    """The settings of the environment and of ``.env``, which win over those of `make run`."""

    values: Mapping[str, str]

    def __contains__(self, name: str) -> bool:
        return name in self.values or f"{name}_FILE" in self.values

    def port(self, name: str, default: int) -> int:
        """Raises ValueError on a text that is not a port number."""
        text = self.values.get(name) or str(default)
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise ValueError(f"{name} must be a number from 1 to 65535, not {text!r}")
        return int(text)

    def for_product(self) -> dict[str, str]:
        """Return those that ``config.environment`` knows."""
        known = {spelling for name in environment.names() for spelling in (name, f"{name}_FILE")}
        return {name: value for name, value in self.values.items() if name in known}


def product(
    given: GivenSettings, *, stored: Mapping[str, str], servers: Mapping[str, str], sandbox: Mapping[str, str]
) -> dict[str, str]:
    """Return the product's whole environment.

    A provider with a given client id is a real one: none of its settings come from the sandbox.
    """
    real = [f"{provider}_" for provider in PROVIDERS if f"{provider}_CLIENT_ID" in given]
    chosen = {
        "MODE": "development",
        "SECRET_KEY": stored["SECRET_KEY"],
        "DEMO_ADMIN_NAME": "admin",
        "DEMO_ADMIN_PASSWORD": stored["ADMIN_PASSWORD"],
        **servers,
        **{name: value for name, value in sandbox.items() if not name.startswith(tuple(real))},
    }
    return {name: value for name, value in chosen.items() if name not in given} | given.for_product()

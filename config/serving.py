"""The variables that say how the site is reached: its address, its names, and the proxies in front of it."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from config.issuers import split


def _without_final_slash(value: object) -> object:
    return value.rstrip("/") if isinstance(value, str) else value


CommaSeparated = BeforeValidator(split)
Url = Annotated[str, BeforeValidator(_without_final_slash)]


class Serving(BaseModel):
    """A part of ``config.environment.Environment``."""

    model_config = ConfigDict(frozen=True)

    port: int = Field(default=8000, ge=1, le=65535)
    public_url: Url = Field(
        default="", description="base of every absolute URL and the issuer; default http://127.0.0.1:$PORT"
    )
    site_name: str = Field(default="Vestibule", max_length=60, description="what people read on the pages")
    allowed_hosts: Annotated[list[str], CommaSeparated] = Field(
        default=[], description="comma-separated host names besides that of PUBLIC_URL"
    )
    trusted_proxies: Annotated[list[IPv4Network | IPv6Network], CommaSeparated] = Field(
        default=[], description="networks whose forwarding header counts"
    )
    forwarding_header: Literal["X-Forwarded-For", "Forwarded"] = Field(
        default="X-Forwarded-For", description="the one header in which these proxies name the client"
    )

    @field_validator("site_name")
    @classmethod
    def _name_can_be_read(cls, value: str) -> str:
        if not value.strip() or not value.isprintable():
            raise ValueError("must be one line of printable characters: mails contain it too")
        return value

    @property
    def base_url(self) -> str:
        """``PUBLIC_URL`` or its default: scheme and host (and port), without a final slash."""
        return self.public_url or f"http://127.0.0.1:{self.port}"

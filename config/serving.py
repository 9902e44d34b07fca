"""The variables that say how the site is reached: its address, TLS, and the proxies in front of it."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from config.certificate_headers import fault_of_name
from config.issuers import split


def _without_final_slash(value: object) -> object:
    return value.rstrip("/") if isinstance(value, str) else value


def _path(value: str) -> str:
    if "-----BEGIN" in value:
        raise ValueError("must be the path of a file in PEM, and not its text")
    return value


CommaSeparated = BeforeValidator(split)
Url = Annotated[str, BeforeValidator(_without_final_slash)]
FilePath = Annotated[str, AfterValidator(_path)]


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
    tls_certificate: FilePath = Field(default="", description="certificate in PEM, for TLS without a proxy")
    tls_key: FilePath = Field(default="", description="its private key")
    client_certificate_ca: FilePath = Field(
        default="", description="file with the authorities in PEM whose client certificates count, where we speak TLS"
    )
    client_certificate_header: str = Field(
        default="", description="the one header in which TRUSTED_PROXIES name the client's certificate"
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

    def faults(self) -> list[str]:
        """Return what contradicts itself about TLS and client certificates, a line for each."""
        has_tls, header, proxies = bool(self.tls_certificate), self.client_certificate_header, self.trusted_proxies
        found: list[tuple[object, str]] = [
            (has_tls and not self.tls_key, "TLS_KEY: missing, while TLS_CERTIFICATE is given"),
            (self.tls_key and not has_tls, "TLS_CERTIFICATE: missing, while TLS_KEY is given"),
            (
                has_tls and not self.base_url.startswith("https://"),
                "PUBLIC_URL: must begin with https, because TLS_CERTIFICATE is given",
            ),
            (
                self.client_certificate_ca and not has_tls,
                "CLIENT_CERTIFICATE_CA: needs TLS_CERTIFICATE: whoever ends TLS verifies certificates",
            ),
        ]
        if header:
            found += [
                (fault := fault_of_name(header), f"CLIENT_CERTIFICATE_HEADER: {fault}"),
                (
                    self.client_certificate_ca,
                    "CLIENT_CERTIFICATE_HEADER: is refused together with CLIENT_CERTIFICATE_CA: give one of the two",
                ),
                (not proxies, "CLIENT_CERTIFICATE_HEADER: needs TRUSTED_PROXIES, which alone may send it"),
                (
                    any(network.prefixlen == 0 for network in proxies),
                    "CLIENT_CERTIFICATE_HEADER: TRUSTED_PROXIES has every address, so anybody could send it",
                ),
            ]
        return [fault for is_one, fault in found if is_one]

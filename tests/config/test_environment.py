"""The reader of the environment: it is typed, lists all faults at once, and is documented."""

import base64
from pathlib import Path

import pytest

from config import issuers, mail, second_factors, variables
from config.environment import Environment, names, read
from config.keys import key_of
from config.own_url import is_safe_url
from config.variables import CHECKOUT, ConfigurationRefused
from providers import metadata

WHOLE = {
    "MODE": "production",
    "SECRET_KEY": "x" * 50,
    "DATABASE_URL": "postgresql://app:secret@db/vestibule",
    "REDIS_URL": "redis://cache/0",
    "PUBLIC_URL": "https://id.example.com/",
}
TLS = {"TLS_CERTIFICATE": "/tls/site.pem", "TLS_KEY": "/tls/key.pem"}
PROXY = {"TRUSTED_PROXIES": "10.0.0.1", "CLIENT_CERTIFICATE_HEADER": "Client-Cert"}
SEALING_KEY = base64.b64encode(bytes(range(32))).decode()


def refusal(**changes: str) -> str:
    with pytest.raises(ConfigurationRefused) as refused:
        read(WHOLE | changes)
    return str(refused.value)


def test_a_whole_environment_is_read_with_its_types() -> None:
    told = read(WHOLE | {"PORT": "8100", "TRUSTED_PROXIES": "10.0.0.0/8, 192.168.0.1/32", "ALLOWED_HOSTS": "a.example"})

    assert (told.port, told.base_url, told.allowed_hosts) == (8100, "https://id.example.com", ["a.example"])
    assert [str(network) for network in told.trusted_proxies] == ["10.0.0.0/8", "192.168.0.1/32"]


def test_one_forwarding_header_is_named() -> None:
    assert read(WHOLE).forwarding_header == "X-Forwarded-For"
    assert read(WHOLE | {"FORWARDING_HEADER": "Forwarded"}).forwarding_header == "Forwarded"
    for wrong in ("X-Real-IP", "forwarded", "X-Forwarded-For, Forwarded"):
        assert "FORWARDING_HEADER" in refusal(FORWARDING_HEADER=wrong)


def test_client_certificates_come_by_one_of_two_ways() -> None:
    assert read(WHOLE | TLS | {"CLIENT_CERTIFICATE_CA": "/tls/ca.pem"}).client_certificate_ca == "/tls/ca.pem"
    assert read(WHOLE | PROXY).client_certificate_header == "Client-Cert"
    assert (read(WHOLE).client_certificate_ca, read(WHOLE).client_certificate_header) == ("", "")


def test_resolvers_are_addresses_with_or_without_a_port() -> None:
    told = read(WHOLE | {"DNS_RESOLVERS": "192.0.2.1, 192.0.2.2:5353,2001:db8::1,[2001:db8::2]:5353"})

    assert told.dns_resolvers == [("192.0.2.1", 53), ("192.0.2.2", 5353), ("2001:db8::1", 53), ("2001:db8::2", 5353)]
    assert read(WHOLE).dns_resolvers == []
    for wrong in ("dns.example.com", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1/24", "a@192.0.2.1:53"):
        assert "DNS_RESOLVERS: " in refusal(DNS_RESOLVERS=wrong)


def test_former_secret_keys_are_read_newest_first_and_are_no_weaker() -> None:
    told = read(WHOLE | {"SECRET_KEY_FALLBACKS": f"{'y' * 50}, {'z' * 60}"})

    assert [secret.get_secret_value() for secret in told.secret_key_fallbacks] == ["y" * 50, "z" * 60]
    assert read(WHOLE).secret_key_fallbacks == []
    said = refusal(SECRET_KEY_FALLBACKS=f"{'y' * 50},short-and-secret")
    assert "SECRET_KEY_FALLBACKS: needs at least 50" in said
    assert "short-and-secret" not in said


def test_all_faults_are_listed_at_once_and_no_secret_is_repeated() -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read({"MODE": "production", "SECRET_KEY": "short-and-secret", "PORT": "70000"})

    said = str(refused.value)
    assert all(name in said for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PORT"))
    assert "short-and-secret" not in said


@pytest.mark.promise(83)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DEBUG": "true"}, "DEBUG: must be off"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS: a wildcard"),
        ({"SECRET_KEY": "django-insecure-" + "x" * 50}, "SECRET_KEY"),
        ({"PUBLIC_URL": "http://id.example.com"}, "PUBLIC_URL"),
        ({"KEYCLOAK_ISSUER": "http://sso.example.com/realms/a"}, "KEYCLOAK_ISSUER"),
        ({"MODE": "staging"}, "MODE"),
        ({"DATABASE_URL": "mysql://db/vestibule"}, "DATABASE_URL: must begin with postgresql://"),
        ({"REDIS_URL": "memory://"}, "REDIS_URL: must begin with redis://"),
        ({"EMAIL_URL": "console:"}, "EMAIL_URL: console: writes links"),
        ({"EMAIL_URL": "smtp://user:pass@mail.example?tls=none"}, "EMAIL_URL: would send mail in clear"),
        ({"EMAIL_URL": "smtp://mail.example?tls=maybe"}, "EMAIL_URL: knows one option"),
        ({"EMAIL_URL": "smtp://mail.example:port"}, "EMAIL_URL: is not a URL"),
        ({"EMAIL_URL": "smtp://"}, "EMAIL_URL: must be smtp://"),
        ({"EMAIL_URL": "mailto:a@b"}, "EMAIL_URL: must be smtp://"),
        ({"LOCAL_ACCOUNTS": "open"}, "LOCAL_ACCOUNTS: needs EMAIL_URL"),
        ({"LOCAL_ACCOUNTS": "yes"}, "LOCAL_ACCOUNTS"),
        ({"AUDIT_SEALING_KEYS": "secret"}, "AUDIT_SEALING_KEYS: each key must be base64 of exactly 32 bytes"),
        ({"AUDIT_SEALING_KEYS": "c2hvcnQ="}, "AUDIT_SEALING_KEYS: each key must be base64 of exactly 32 bytes"),
        ({"AUDIT_SEALING_KEYS": "A" * 43 + "="}, "AUDIT_SEALING_KEYS: has a key that is not random"),
        ({"AUDIT_SEALING_KEYS": f"{SEALING_KEY},{SEALING_KEY}"}, "AUDIT_SEALING_KEYS: names a key twice"),
        ({"RATE_LIMITS_EXEMPT": "everybody"}, "RATE_LIMITS_EXEMPT"),
        ({"TLS_CERTIFICATE": "/tls/site.pem"}, "TLS_KEY: missing"),
        ({"TLS_KEY": "/tls/key.pem"}, "TLS_CERTIFICATE: missing"),
        ({"TLS_KEY": "-----BEGIN PRIVATE KEY-----"}, "TLS_KEY: must be the path of a file"),
        (TLS | {"MODE": "development", "PUBLIC_URL": "http://localhost:8000"}, "PUBLIC_URL: must begin with https"),
        ({"CLIENT_CERTIFICATE_CA": "/tls/ca.pem"}, "CLIENT_CERTIFICATE_CA: needs TLS_CERTIFICATE"),
        ({"CLIENT_CERTIFICATE_HEADER": "Client-Cert"}, "CLIENT_CERTIFICATE_HEADER: needs TRUSTED_PROXIES"),
        (PROXY | TLS | {"CLIENT_CERTIFICATE_CA": "/tls/ca.pem"}, "is refused together with CLIENT_CERTIFICATE_CA"),
        (PROXY | {"TRUSTED_PROXIES": "10.0.0.1,::/0"}, "TRUSTED_PROXIES has every address"),
        (PROXY | {"CLIENT_CERTIFICATE_HEADER": "Client-Cert,X-Cert"}, "CLIENT_CERTIFICATE_HEADER: names one header"),
        (PROXY | {"CLIENT_CERTIFICATE_HEADER": "Authorization"}, "CLIENT_CERTIFICATE_HEADER: must contain Cert"),
    ],
)
def test_production_refuses_what_is_unsafe(changes: dict[str, str], said: str) -> None:
    assert said in refusal(**changes)


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers"])
def test_microsoft_without_one_tenant_is_refused_with_the_reason(tenant: str) -> None:
    assert "anybody could bring a tenant" in refusal(
        MICROSOFT_ISSUER=f"https://login.microsoftonline.com/{tenant}/v2.0"
    )
    assert "anybody could bring a tenant" in refusal(MICROSOFT_ISSUER=f"https://sts.windows.net/{tenant}/")
    assert "anybody could bring a tenant" in refusal(
        MICROSOFT_ISSUER=f"https://login.microsoftonline.com/{tenant}/v2.0/"
    )


@pytest.mark.parametrize("provider", ["GOOGLE", "MICROSOFT", "KEYCLOAK"])
@pytest.mark.parametrize(
    ("algorithms", "said"),
    [
        ("none", "none means no signature"),
        ("RS256,None", "none means no signature"),
        ("HS256", "HS256 signs with a shared secret"),
        ("RS256, hs512", "hs512 signs with a shared secret"),
        ("rs256", "unknown algorithm 'rs256'; choose from ES256"),
        ("RSA-OAEP", "unknown algorithm 'RSA-OAEP'"),
        (" , ", "names no algorithm"),
    ],
)
def test_an_algorithm_by_which_no_token_may_be_signed_is_refused_with_the_reason(
    provider: str, algorithms: str, said: str
) -> None:
    """The kind of fault: a setting permits what the code forbids (RFC 8725, section 3.1)."""
    assert f"{provider}_SIGNING_ALGORITHMS: {said}" in refusal(**{f"{provider}_SIGNING_ALGORITHMS": algorithms})


def test_algorithms_are_rs256_unless_the_site_agrees_on_others() -> None:
    told = read(WHOLE | {"KEYCLOAK_SIGNING_ALGORITHMS": "PS256, ES256,ES384,EdDSA,Ed25519"})

    assert told.google_signing_algorithms == ["RS256"]
    assert told.keycloak_signing_algorithms == ["PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
    assert metadata.SIGNING_ALGORITHMS == issuers.SIGNING_ALGORITHMS


@pytest.mark.parametrize(
    "issuer", ["https://tenant.eu.auth0.example/", "https://sso.example/realms/a", "https://sso.example//"]
)
def test_an_issuer_is_kept_as_it_is_written(issuer: str) -> None:
    """The kind of fault: a value is normalized before it is compared."""
    assert read(WHOLE | {"KEYCLOAK_ISSUER": issuer, "GOOGLE_ISSUER": issuer}).keycloak_issuer == issuer


CLIENTS = {
    f"{name}_CLIENT_{part}": "x" for name in ("GOOGLE", "MICROSOFT", "GITHUB", "KEYCLOAK") for part in ("ID", "SECRET")
}
ISSUERS = {
    "MICROSOFT_ISSUER": "https://login.microsoftonline.com/t/v2.0",
    "KEYCLOAK_ISSUER": "https://sso.example/realms/a",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"GOOGLE_ISSUER": "https://sso.example/realms/a"}, "KEYCLOAK_ISSUER: is also the issuer of GOOGLE_ISSUER"),
        (
            {"GOOGLE_ISSUER": "https://SSO.example:443/realms/a/"},
            "KEYCLOAK_ISSUER: is also the issuer of GOOGLE_ISSUER",
        ),
        (
            {"MICROSOFT_ISSUER": "https://sso.example/realms/a"},
            "KEYCLOAK_ISSUER: is also the issuer of MICROSOFT_ISSUER",
        ),
        ({"GITHUB_URL": "https://sso.example/realms/a"}, "GITHUB_URL: is also the issuer of KEYCLOAK_ISSUER"),
    ],
)
def test_two_providers_of_one_issuer_are_refused(changes: dict[str, str], said: str) -> None:
    """The kind of fault: two settings are valid, but contradict each other."""
    assert said in refusal(**(CLIENTS | ISSUERS | changes))
    off = CLIENTS | ISSUERS | changes | {f"{said.partition('_')[0]}_CLIENT_ID": ""}
    assert read(WHOLE | off).mode == read(WHOLE | CLIENTS | ISSUERS).mode == "production"


@pytest.mark.parametrize("provider", ["GOOGLE", "MICROSOFT", "GITHUB", "KEYCLOAK"])
def test_an_incomplete_provider_is_refused_with_the_name_of_the_missing_setting(provider: str) -> None:
    assert f"{provider}_CLIENT_SECRET: missing" in refusal(**{f"{provider}_CLIENT_ID": "id"})


def test_a_provider_without_a_client_id_is_off() -> None:
    assert read(WHOLE | {"GOOGLE_CLIENT_SECRET": "left over"}).google_client_id == ""


@pytest.mark.promise(45)
@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, True),
        ({"ADMIN_SECOND_FACTOR": "if_enrolled"}, False),
        ({"MODE": "development"}, False),
        ({"MODE": "development", "LOCAL_PASSWORDS": "off"}, True),
        ({"MODE": "development", "ADMIN_SECOND_FACTOR": "required"}, True),
    ],
)
def test_administrators_need_a_second_factor_unless_it_is_development(
    changes: dict[str, str],
    asks: bool,  # noqa: FBT001  # a table's column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(variables, "LOCAL_FILES", ())

    assert read(WHOLE | changes).asks_administrators_for_second_factor is asks


def test_a_switch_for_sign_in_with_an_unknown_value_is_refused() -> None:
    assert "LOCAL_PASSWORDS" in refusal(LOCAL_PASSWORDS="no")
    assert "ADMIN_SECOND_FACTOR" in refusal(ADMIN_SECOND_FACTOR="off")


def test_what_counts_as_two_factors_is_set_for_each_provider() -> None:
    told = read(WHOLE | {"MFA_BY_PROVIDER": "keycloak:gold, keycloak:pwd+otp,microsoft:mfa"}).mfa_by_provider
    assert second_factors.read(told) == {
        "keycloak": {frozenset({"gold"}), frozenset({"pwd", "otp"})},
        "microsoft": {frozenset({"mfa"})},
    }
    assert second_factors.read(read(WHOLE | {"MFA_BY_PROVIDER": "none"}).mfa_by_provider) == {}
    assert all(words == {frozenset({"mfa"})} for words in second_factors.read(read(WHOLE).mfa_by_provider).values())


@pytest.mark.parametrize("entry", ["mfa", "gold", "github:mfa", "keycloak:", "keycloak:otp+", ":mfa", "elsewhere:mfa"])
def test_a_word_without_its_provider_is_refused(entry: str) -> None:
    assert "MFA_BY_PROVIDER" in refusal(MFA_BY_PROVIDER=entry)


@pytest.mark.parametrize("word", sorted(second_factors.SINGLE))
def test_a_word_that_names_one_factor_is_refused_by_itself(word: str) -> None:
    """The kind of fault: evidence of one factor counts as two."""
    assert "RFC 8176" in refusal(MFA_BY_PROVIDER=f"microsoft:mfa,keycloak:{word}")


@pytest.mark.parametrize(
    "entry",
    [
        "keycloak:OTP",
        "keycloak:otp+hwk",
        "keycloak:pwd+PIN",
        "keycloak:face+fpt",
        "keycloak:pwd+user",
        "keycloak:pwd+geo",
        "keycloak:otp+rba+user",
        "microsoft:rsa",
        "keycloak:mca",
        "keycloak:0",
        "keycloak:1",
        "keycloak:pwd+1",
    ],
)
def test_two_words_for_one_factor_are_one(entry: str) -> None:
    """The kind of fault: evidence of one factor counts as two, because it is repeated, or a value proves nothing."""
    assert "MFA_BY_PROVIDER: " + entry in refusal(MFA_BY_PROVIDER=entry)


def test_words_of_two_kinds_and_names_of_a_sites_own_are_taken() -> None:
    read(WHOLE | {"MFA_BY_PROVIDER": "keycloak:pwd+otp+user,keycloak:hwk+pin,keycloak:2,keycloak:urn:mace:silver"})


def test_acr_values_are_read_in_their_order() -> None:
    assert read(WHOLE | {"KEYCLOAK_ACR_VALUES": "gold, urn:mace:silver"}).keycloak_acr_values == [
        "gold",
        "urn:mace:silver",
    ]
    assert read(WHOLE).keycloak_acr_values == []


@pytest.mark.parametrize("value", ["gold silver", "gold,a b", "gold\tx", "gold\x00", "göld"])
def test_a_value_that_would_become_two_in_a_request_is_refused(value: str) -> None:
    """The kind of fault: a setting can never work as intended, and fails silently."""
    assert "KEYCLOAK_ACR_VALUES" in refusal(KEYCLOAK_ACR_VALUES=value)


def test_sealing_keys_are_read_in_their_order_and_need_not_be_given() -> None:
    other = base64.b64encode(bytes(range(100, 132))).decode()
    told = read(WHOLE | {"AUDIT_SEALING_KEYS": f"{SEALING_KEY}, {other}"})

    assert [key_of(key) for key in told.audit_sealing_keys] == [bytes(range(32)), bytes(range(100, 132))]
    assert SEALING_KEY not in str(told)
    assert read(WHOLE).audit_sealing_keys == []


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("y" * 60 + "\n")
    given = {name: value for name, value in WHOLE.items() if name != "SECRET_KEY"} | {"SECRET_KEY_FILE": str(secret)}

    assert read(given).secret_key.get_secret_value() == "y" * 60


@pytest.mark.parametrize(
    ("url", "way"),
    [
        ("smtp://mail.example", ("mail.example", 587, "", "", False, True)),
        ("smtp://u%40x:p%2Fw@mail.example:2525/?tls=starttls", ("mail.example", 2525, "u@x", "p/w", False, True)),
        ("smtp://127.0.0.1:25", ("127.0.0.1", 25, "", "", False, False)),
        ("smtps://u:p@mail.example", ("mail.example", 465, "u", "p", True, False)),
    ],
)
def test_one_url_configures_mail_and_encrypts_it_except_on_this_machine(url: str, way: tuple[object, ...]) -> None:
    read_way = mail.read(read(WHOLE | {"EMAIL_URL": url}).mail_url)

    assert read_way.backend == "config.smtp.SMTPEmailBackend"
    assert way == (
        read_way.host, read_way.port, read_way.user, read_way.password, read_way.speaks_tls, read_way.starts_tls,
    )  # fmt: skip


def test_mail_goes_to_the_console_in_development_and_nowhere_by_default() -> None:
    assert read(WHOLE).mail_url == ""
    assert mail.read("").backend.endswith("dummy.EmailBackend")
    assert read(WHOLE | {"MODE": "development"}).mail_url == "console:"


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigurationRefused, match="SITE_NAME_FILE: No such file"):
        read(WHOLE | {"SITE_NAME_FILE": "/nowhere"})


def test_the_environment_wins_over_the_checkouts_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = tmp_path / "env"
    local.write_text("PORT=9999\nSITE_NAME=Local\n")
    monkeypatch.setattr(variables, "LOCAL_FILES", (local,))
    in_development = {name: value for name, value in WHOLE.items() if name != "MODE"} | {"SITE_NAME": ""}

    told = read(in_development | {"MODE": "development"})
    assert (told.port, told.site_name) == (9999, "Vestibule")
    assert read(WHOLE).port == 8000


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://id.example.com", True),
        ("http://127.0.0.1:9000/google", True),
        ("http://[::1]:9000", True),
        ("http://localhost:8000", True),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("https://user@id.example.com", False),
        ("https://id.example.com?a=b", False),
        ("https://id.example.com:port", False),
        ("ftp://id.example.com", False),
        ("//id.example.com", False),
        ("", False),
    ],
)
def test_urls_are_https_or_on_loopback(url: str, is_safe: bool) -> None:  # noqa: FBT001  # a table's column
    assert is_safe_url(url) is is_safe


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PUBLIC_URL": "https://example.com/id"}, "PUBLIC_URL: must have no path"),
        ({"PUBLIC_URL": "https://example.com/id/"}, "PUBLIC_URL: must have no path"),
        ({"PUBLIC_URL": "https://id.example.com?"}, "PUBLIC_URL: must be an https URL"),
        ({"PUBLIC_URL": "https://id.example.com?a=b"}, "PUBLIC_URL: must be an https URL"),
        ({"PUBLIC_URL": "https://id.example.com#"}, "PUBLIC_URL: must be an https URL"),
        ({"PUBLIC_URL": "https://me:secret@id.example.com"}, "PUBLIC_URL: must be an https URL"),
        ({"PUBLIC_URL": "https://id.example.com:0"}, "PUBLIC_URL: must be an https URL"),
        ({"PUBLIC_URL": "https://id.example.com:"}, "PUBLIC_URL: must be an https URL"),
        ({"PUBLIC_URL": "id.example.com"}, "PUBLIC_URL: must be an https URL"),
        ({"PUBLIC_URL": "https://id.example.com:443"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://Id.example.com"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "HTTPS://id.example.com"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://id,example.com"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://-.example.com"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://käfer.example.com"}, "PUBLIC_URL: must be an https URL"),
        ({"PUBLIC_URL": "https://id.example.com\\"}, "PUBLIC_URL: must be an https URL"),
        ({"GOOGLE_ISSUER": "https://accounts.google.com#x"}, "GOOGLE_ISSUER: must be an https URL"),
        ({"KEYCLOAK_ISSUER": "https://sso.example.com/realms/a b"}, "KEYCLOAK_ISSUER: must be an https URL"),
        (
            {"KEYCLOAK_ISSUER": "https://sso.example.com/realms/a/.well-known/openid-configuration"},
            "KEYCLOAK_ISSUER: must be the issuer itself",
        ),
        ({"GITHUB_URL": "https://github.example.com:0"}, "GITHUB_URL: must be an https URL"),
        ({"ALLOWED_HOSTS": "https://a.example"}, "ALLOWED_HOSTS: 'https://a.example' is not a host name"),
        ({"ALLOWED_HOSTS": "b.example,a.example:8443"}, "ALLOWED_HOSTS: 'a.example:8443' is not a host name"),
        ({"ALLOWED_HOSTS": "a.example/id"}, "ALLOWED_HOSTS: 'a.example/id' is not a host name"),
        ({"ALLOWED_HOSTS": "*.example.com"}, "ALLOWED_HOSTS: '*.example.com' is not a host name"),
        ({"ALLOWED_HOSTS": "a..example"}, "ALLOWED_HOSTS: 'a..example' is not a host name"),
        ({"ALLOWED_HOSTS": "vestibule_web"}, "ALLOWED_HOSTS: 'vestibule_web' is not a host name"),
        ({"PUBLIC_URL": "https://vestibule_web"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://id..example.com"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://xn--a.example.com"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": f"https://{'a' * 64}.example.com"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://10.0.7"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://0x7f.1"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://[0:0:0:0:0:0:0:1]"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://[::ffff:10.0.0.7]"}, "PUBLIC_URL: must be written as browsers do"),
        ({"PUBLIC_URL": "https://0.0.0.0:8443"}, "PUBLIC_URL: must be an address that others can reach"),
        ({"PUBLIC_URL": "https://[::]"}, "PUBLIC_URL: must be an address that others can reach"),
        (
            {"KEYCLOAK_ISSUER": "https://sso.example.com/realms/a/protocol/openid-connect/auth"},
            "KEYCLOAK_ISSUER: must be the issuer itself",
        ),
        ({"MICROSOFT_ISSUER": "https://login.microsoftonline.com/v2.0"}, "MICROSOFT_ISSUER: names no tenant"),
        ({"MICROSOFT_ISSUER": "https://login.microsoftonline.com"}, "MICROSOFT_ISSUER: names no tenant"),
        (
            {"MICROSOFT_ISSUER": "https://login.microsoftonline.com/{tenantid}/v2.0"},
            "MICROSOFT_ISSUER: names no tenant",
        ),
        ({"MICROSOFT_ISSUER": "https://login.microsoftonline.com/Common/v2.0"}, "anybody could bring a tenant"),
        ({"GOOGLE_CLIENT_ID": "id\n", "GOOGLE_CLIENT_SECRET": "x"}, "GOOGLE_CLIENT_ID: has characters"),
        ({"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": " x"}, "GOOGLE_CLIENT_SECRET: has characters"),
        ({"SITE_NAME": "One\nTwo"}, "SITE_NAME: must be one line"),
        ({"SITE_NAME": " "}, "SITE_NAME: must be one line"),
        ({"SITE_NAME": "\u202eOne"}, "SITE_NAME: must be one line"),
        ({"DATABASE_URL": "postgresql://app:secret@db"}, "DATABASE_URL: names no database"),
        ({"DATABASE_OWNER_URL": "postgresql://app:secret@db:x/v"}, "DATABASE_OWNER_URL: has an invalid port"),
        ({"DATABASE_URL": "postgresql://app:secret@db:70000/v"}, "DATABASE_URL: has an invalid port"),
        ({"DATABASE_URL": "postgresql://app:secret@[db/v"}, "DATABASE_URL: is not a PostgreSQL URL"),
        ({"REDIS_URL": "redis://:secret@cache/x"}, "REDIS_URL: must name the database by its number"),
        ({"REDIS_URL": "redis://:secret@cache:70000/0"}, "REDIS_URL: is not a Redis URL"),
        ({"EMAIL_URL": "smtps://mail.example?tls=none"}, "EMAIL_URL: speaks TLS"),
        ({"EMAIL_URL": "smtp://user@mail.example"}, "EMAIL_URL: must have both a user and a password"),
        ({"EMAIL_URL": "smtp://mail.example/inbox"}, "EMAIL_URL: must name a host"),
        ({"EMAIL_URL": "smtp://mail example"}, "EMAIL_URL: must name a host"),
        ({"EMAIL_FROM": "a@b.example, c@d.example"}, "EMAIL_FROM: must be an address"),
        ({"EMAIL_FROM": "a@b..example"}, "EMAIL_FROM: must be an address"),
        ({"EMAIL_FROM": "a@b.example x"}, "EMAIL_FROM: must be an address"),
        ({"FORWARDING_HEADER": "X-Real-IP"}, "FORWARDING_HEADER"),
        ({"MODE": "development", "PORT": "8100", "SANDBOX_PORT": "8100"}, "SANDBOX_PORT: is the same as PORT"),
        ({"EMAIL_FROM": "no-reply"}, "EMAIL_FROM: must be an address"),
        ({"EMAIL_FROM": "a@b.example\nBcc: all@b.example"}, "EMAIL_FROM: must be an address"),
        ({"SESSION_IDLE_MINUTES": "-5"}, "SESSION_IDLE_MINUTES"),
        ({"SESSION_LIFETIME_HOURS": "0"}, "SESSION_LIFETIME_HOURS"),
        ({"REMEMBERED_LIFETIME_DAYS": "-1"}, "REMEMBERED_LIFETIME_DAYS"),
        ({"INVITATION_DAYS": "0"}, "INVITATION_DAYS"),
    ],
)
def test_a_setting_that_can_never_work_is_refused_at_start_with_the_reason(changes: dict[str, str], said: str) -> None:
    """The kind of fault: a setting is accepted, and later everyone meets an error that names another cause."""
    refused = refusal(**changes)

    assert said in refused
    assert "secret" not in refused


@pytest.mark.parametrize(
    "changes",
    [
        {"PUBLIC_URL": "https://id.example.com:8443"},
        {"PUBLIC_URL": "https://id.example.com/"},
        {"PUBLIC_URL": "https://10.0.0.7"},
        {"PUBLIC_URL": "https://[2001:db8::7]:8443"},
        {"PUBLIC_URL": "http://127.0.0.1:8000"},
        {"PUBLIC_URL": "https://vestibule-web"},
        {"PUBLIC_URL": "https://[::ffff:a00:7]"},
        {"FORWARDING_HEADER": "Forwarded"},
        {"SITE_NAME": "Zoë & Söhne"},
        {"REDIS_URL": "redis://:p%40ss@cache:6379/3"},
        {"DATABASE_URL": "postgresql:///vestibule?host=/run/postgresql"},
        {"DATABASE_URL": "postgresql://app@db1,db2/vestibule"},
        {"EMAIL_URL": "smtp://[::1]:25?tls=none"},
        {"EMAIL_FROM": '"Zoë, Inc." <no-reply@bücher.example>'},
        {"EMAIL_FROM": "vestibule@mailhost"},
        {"PUBLIC_URL": "https://xn--kfer-loa.example.com"},
        {"KEYCLOAK_ISSUER": "https://sso.example.com/auth/realms/a"},
        {"ALLOWED_HOSTS": "a.example,.b.example,[::1],10.0.0.7,A.example"},
        {"EMAIL_FROM": "Vestibule <no-reply@id.example.com>"},
        {"EMAIL_FROM": "no-reply@id.example.com"},
    ],
)
def test_a_setting_that_works_is_accepted(changes: dict[str, str]) -> None:
    read(WHOLE | changes)


def test_the_example_names_exactly_what_the_reader_knows() -> None:
    lines = (CHECKOUT / ".env.example").read_text().splitlines()

    assert sorted(line.split("=")[0] for line in lines if line and not line.startswith("#")) == sorted(names())
    assert set(names()) == {name.upper() for name in Environment.model_fields}

"""What is checked before an app is registered, above all where people are sent afterwards (RFC 9700, section 2.1)."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from audit.models import Entry
from authserver import reserved_claims
from authserver.clients import changes, redirects
from authserver.keys import pairs
from authserver.models import Client, ClientSecret, GrantType, RefreshPolicy, RegisteredScope, SigningAlgorithm
from tenancy import site_context
from tests.support.oauth import registered

WEB: dict[str, Any] = {"grants": [GrantType.AUTHORIZATION_CODE]}
ACCEPTED = [
    "https://app.example/callback",
    "https://app.example:8443/callback?tenant=1",
    "https://xn--bcher-kva.example/",
    "https://app.example./callback",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:8123/callback",
    "http://[::1]:8123/callback",
    "http://localhost:3000/callback",
]
REFUSED = [
    "", "callback", "/callback", "//app.example/callback", "app.example/callback",
    "http://app.example/callback", "http://127.0.0.1.app.example/", "http://127.1/", "http://2130706433/",
    "http://0x7f.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://[::1%25eth0]/", "http://localhost./",
    "http://localhost.app.example/", "http://0[::1]/", "http://[::1]x/", "https://[app.example]x/",
    "http://10.0.0.1/", "http://0.0.0.0/", "ftp://app.example/",
    "https://", "https:///callback", "https:app.example/callback", "https:/app.example/callback",
    "https:////app.example/", "https://app.example/#", "https://app.example/#fragment", "https://app.example/%2f#",
    "https://person@app.example/", "https://person:word@app.example/", "https://@app.example/",
    "https://app.example@other.example/", "https://*.app.example/", "https://*/", "https://app.example/*",
    "https://app.example\\@other.example/", "https:\\\\app.example\\", "https://app.example/\\",
    "https://app.example/a b", " https://app.example/", "https://app.example/ ", "https://app.example/\t",
    "https://app.example/\n", "https://app.example/\r\nLocation: https://other.example/", "https://app.example/\0",
    "https://app.example/\x7f", "ht\ttps://app.example/", "https://b\u00fccher.example/",
    "https://app.example/\u202egro", "https://app\u3002example/", "https://\uff41pp.example/",
    "https://app.example%2eother.example/", "https://app.example%2f.other.example/", "https://app.example%00/",
    "https://app.example:99999/", "https://app.example:port/", "https://app.example:-1/", "https://[::1/",
    "https://app.example/" + "a" * 500,
    "javascript:alert(1)", "JavaScript://app.example/%0aalert(1)", "data:text/html,hello", "vbscript:x",
    "file:///etc/passwd", "blob:https://app.example/1", "about:blank", "mailto:ada@example.com", "ws://app.example/",
    "urn:ietf:wg:oauth:2.0:oob", "myapp://callback", "myapp:/callback",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.promise(56)
@pytest.mark.parametrize("uri", ACCEPTED)
def test_an_https_url_and_a_loopback_url_may_be_registered(uri: str) -> None:
    client, _ = registered(**WEB, redirect_uris=[uri])
    assert client.redirect_uris == [uri]


@pytest.mark.django_db
@pytest.mark.promise(56)
@pytest.mark.parametrize("is_public", [False, True], ids=["confidential", "public"])
@pytest.mark.parametrize("uri", REFUSED)
def test_anything_else_is_refused_with_the_field_named(uri: str, *, is_public: bool) -> None:
    for field in ("redirect_uris", "post_logout_redirect_uris"):
        with pytest.raises(ValidationError) as refused:
            registered(**{**WEB, "redirect_uris": ["https://app.example/"], field: [uri]}, is_public=is_public)
        assert refused.value.message_dict.keys() == {field}
    assert not Client._base_manager.exists()  # noqa: SLF001  # whatever the context


@pytest.mark.django_db
@pytest.mark.promise(56)
@pytest.mark.parametrize("uri", ["com.example.app:/callback", "com.example.app://callback", "org.app.x:callback"])
def test_a_private_use_scheme_is_for_public_apps_only(uri: str) -> None:
    client, secret = registered(**WEB, redirect_uris=[uri], is_public=True)
    assert (client.redirect_uris, secret) == ([uri], "")
    with pytest.raises(ValidationError):
        registered(**WEB, redirect_uris=[uri])
    for logout in (uri, "http://app.example/logout", "https://app.example/#x"):
        with pytest.raises(ValidationError, match="It is an https URL, without a user and without a fragment"):
            registered(**WEB, redirect_uris=[uri], is_public=True, backchannel_logout_uri=logout)


@pytest.mark.promise(56)
@pytest.mark.parametrize(
    ("asked", "one", "is_right"),
    [
        ("https://app.example/cb", "https://app.example/cb", True),
        ("https://app.example/cb/", "https://app.example/cb", False),
        ("https://app.example/CB", "https://app.example/cb", False),
        ("https://APP.example/cb", "https://app.example/cb", False),
        ("https://app.example:443/cb", "https://app.example/cb", False),
        ("https://app.example/cb?a=1", "https://app.example/cb", False),
        ("https://app.example/cb", "https://app.example/cb?a=1", False),
        ("https://app.example/./cb", "https://app.example/cb", False),
        ("https://app.example/%63b", "https://app.example/cb", False),
        ("https://app.example./cb", "https://app.example/cb", False),
        ("https://app.example/cb#", "https://app.example/cb", False),
        ("https://app.example/cb\t", "https://app.example/cb", False),
        ("https://app.example.other.example/cb", "https://app.example/cb", False),
        ("http://app.example/cb", "https://app.example/cb", False),
        ("http://127.0.0.1:50123/cb", "http://127.0.0.1/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:50123/cb", True),
        ("http://127.0.0.1:50123/cb?a=1", "http://127.0.0.1/cb?a=1", True),
        ("http://[::1]:50123/cb", "http://[::1]/cb", True),
        ("http://127.0.0.1:50123/other", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:50123/cb?a=1", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:50123/cb#", "http://127.0.0.1/cb", False),
        ("https://127.0.0.1:50123/cb", "http://127.0.0.1/cb", False),
        ("http://127.0.0.2:50123/cb", "http://127.0.0.1/cb", False),
        ("http://[::1]:50123/cb", "http://127.0.0.1/cb", False),
        ("http://localhost:50123/cb", "http://localhost/cb", False),
        ("http://localhost:50123/cb", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:99999/cb", "http://127.0.0.1/cb", False),
        ("http://x@127.0.0.1:50123/cb", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:80@other.example/cb", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:80\\@other.example/cb", "http://127.0.0.1/cb", False),
        ("\thttp://127.0.0.1:80/cb", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:80/\tcb", "http://127.0.0.1/cb", False),
        ("com.example.app:/cb", "com.example.app:/cb", True),
        ("com.example.app:/CB", "com.example.app:/cb", False),
        ("", "https://app.example/cb", False),
    ],
)
def test_only_the_port_of_a_loopback_address_is_free(asked: str, one: str, *, is_right: bool) -> None:
    """RFC 8252, section 7.3. Everything else is compared character by character."""
    assert redirects.is_registered(asked, ["https://another.example/", one]) is is_right


@pytest.mark.promise(56)
@given(
    st.text(max_size=60)
    | st.from_regex(r"\A[a-zA-Z.]{1,9}:/{0,3}[!-~]{0,30}\Z")
    | st.from_regex(r"\Ahttps?://[ -~]{0,20}(127\.0\.0\.1|\[::1\]|localhost)[ -~]{0,20}\Z")
)
def test_whatever_is_accepted_leads_to_the_one_host_that_it_names(uri: str) -> None:
    if redirects.fault_of(uri, is_public=False) is None:
        scheme, _, rest = uri.partition("://")
        host = rest.replace("?", "/").partition("/")[0]
        assert not set(host) & set("@\\#%* \t")
        assert scheme.lower() == "https" or host.lower().startswith(("127.0.0.1", "[::1]", "localhost"))
        assert redirects.is_registered(uri, [uri])


@pytest.mark.promise(56)
@given(st.text(max_size=40), st.sampled_from(ACCEPTED))
def test_no_text_but_a_registered_one_matches_a_web_address(text: str, uri: str) -> None:
    if uri.startswith("https://"):
        assert not redirects.is_registered(uri + text, [uri]) or not text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "chosen"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "a" * 101}),
        ("name", {"name": "Harbour\u202e"}),
        ("grants", {"grants": []}),
        ("grants", {"grants": [GrantType.REFRESH_TOKEN]}),
        ("grants", {"is_public": True}),
        ("grants", {**WEB, "redirect_uris": ["https://a.b"], "is_public": True, "refresh_policy": RefreshPolicy.AGENT}),
        ("redirect_uris", WEB),
        ("redirect_uris", {**WEB, "redirect_uris": [f"https://app.example/{n}" for n in range(51)]}),
        ("scopes", {"scopes": ["two words"]}),
        ("scopes", {"scopes": ['quo"te']}),
        ("scopes", {"scopes": ["back\\slash"]}),
        ("scopes", {"scopes": ["\u00fcber"]}),
        ("scopes", {"scopes": [""]}),
        ("scopes", {"scopes": ["nul\0"]}),
        ("scopes", {"scopes": ["a" * 101]}),
        ("scopes", {"scopes": [f"s{n}" for n in range(51)]}),
        ("resources", {"resources": ["reports"]}),
        ("resources", {"resources": ["https://api.example/#part"]}),
        ("resources", {"resources": ["https://api.example/" + "a" * 500]}),
    ],
)  # fmt: skip
def test_each_field_is_checked(field: str, chosen: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        registered(**chosen)
    assert field in refused.value.message_dict
    assert not RegisteredScope.objects.exists()


@pytest.mark.django_db
@pytest.mark.promise(57)
def test_pkce_is_never_optional_in_production_or_for_a_public_app(settings: Any) -> None:
    web = {**WEB, "redirect_uris": ["https://app.example/"]}
    client, _ = registered(**web, is_pkce_optional=True)
    assert client.is_pkce_optional
    with pytest.raises(ValidationError):
        registered(**web, is_pkce_optional=True, is_public=True)
    settings.PKCE_MAY_BE_OPTIONAL = False
    with pytest.raises(ValidationError) as refused:
        registered(**web, is_pkce_optional=True)
    assert refused.value.message_dict.keys() == {"is_pkce_optional"}


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", [SigningAlgorithm.ES256, SigningAlgorithm.ED25519])
def test_an_algorithm_for_which_no_key_is_configured_is_refused(algorithm: SigningAlgorithm, settings: Any) -> None:
    """Such an app would get no token: each of its requests would end with 503."""
    former, _ = registered(signing_algorithm=algorithm)
    settings.OIDC_SIGNING_KEYS = [pairs.generate(SigningAlgorithm.RS256).pem]
    with pytest.raises(ValidationError) as refused:
        registered(signing_algorithm=algorithm)
    assert refused.value.message_dict == {
        "signing_algorithm": ["No key signs with this algorithm: OIDC_SIGNING_KEYS has none for it."]
    }
    client, _ = registered()
    with site_context("a test changes apps"):
        client.signing_algorithm = algorithm
        with pytest.raises(ValidationError):
            changes.change(client)
        former.name = "Renamed"
        assert changes.change(former) == ["name"]
    settings.OIDC_SIGNING_KEYS = [*settings.OIDC_SIGNING_KEYS, pairs.generate(algorithm).pem]
    assert registered(signing_algorithm=algorithm)[0].signing_algorithm == algorithm


@pytest.mark.django_db
def test_a_registration_is_recorded_without_its_secret_and_creates_unknown_scopes() -> None:
    client, secret = registered(scopes=["reports:read", "openid", "reports:read"])
    assert client.scopes == ["reports:read", "openid"]
    assert list(RegisteredScope.objects.values_list("name", "is_advertised")) == [("reports:read", False)]
    entries = Entry.objects.filter(object_table="authserver_client", object_id=str(client.pk))
    assert {"create", "client.registered"} == set(entries.values_list("action", flat=True))
    assert secret not in str(list(Entry.objects.values()))
    assert len(secret) >= 43
    assert ClientSecret.objects.get(client=client).digest.count("$") == 1


@pytest.mark.django_db
@pytest.mark.promise(63)
def test_the_id_of_an_app_is_never_that_of_a_person() -> None:
    client, _ = registered()
    person = User.objects.create_user(name="Ada")
    assert (client.pk.version, person.pk.version) == (8, 4)
    assert client.client_id == str(client.pk)


@pytest.mark.promise(87)
def test_no_field_of_a_registration_sets_a_claim() -> None:
    """Keycloak CVE-2026-97367: a client that names its own ``sub``, ``azp`` or ``sid`` takes over accounts."""
    fields = {field.name for field in Client._meta.get_fields()}
    assert not fields & {"claims", "claim_mappings", "mappers", "metadata"}
    assert {
        "iss",
        "sub",
        "aud",
        "exp",
        "azp",
        "sid",
        "acr",
        "amr",
        "act",
        "cnf",
        "role",
        "tenant_id",
    } <= reserved_claims.RESERVED


@pytest.mark.django_db
def test_a_deleted_creator_leaves_the_app() -> None:
    creator = User.objects.create_user(name="Ada")
    client, _ = registered()
    Client._base_manager.filter(pk=client.pk).update(created_by=creator)  # noqa: SLF001
    with site_context("a test deletes"):
        creator.delete()
        assert Client.objects.get(pk=client.pk).created_by_id is None

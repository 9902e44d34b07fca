"""What is special about each provider: GitHub's forms, Microsoft's tenant, Keycloak's library."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import registry
from providers.flow import Flow, Process
from providers.github import _form_or_json, _number
from providers.microsoft import MicrosoftProvider
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import UpstreamResponse
from sandbox.server import Sandbox

pytestmark = pytest.mark.django_db


def read(body: bytes) -> dict[str, Any] | RefusalReason:
    try:
        return _form_or_json(UpstreamResponse(status=200, body=body))
    except SignInRefused as refused:
        return refused.reason


@pytest.mark.slow
@pytest.mark.promise(54)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"access_token": "t"}', {"access_token": "t"}),
        (b' \n{"access_token": "t"}', {"access_token": "t"}),
        (b"access_token=t&scope=&token_type=bearer", {"access_token": "t", "token_type": "bearer"}),
        (
            b"error=bad_verification_code&error_description=x+y",
            {"error": "bad_verification_code", "error_description": "x y"},
        ),
        (b"[]", RefusalReason.PROVIDER_ANSWER_INVALID),
        (b"<html>", RefusalReason.PROVIDER_ANSWER_INVALID),
        (b"\xff=a", RefusalReason.PROVIDER_ANSWER_INVALID),
        (b"&".join([b"a=b"] * 21), RefusalReason.PROVIDER_ANSWER_INVALID),
    ],
)
def test_github_answers_in_a_form_or_in_json(body: bytes, expected: object) -> None:
    assert read(body) == expected


@pytest.mark.promise(54)
@given(st.binary(max_size=200))
def test_no_answer_of_github_makes_the_parser_fail(body: bytes) -> None:
    assert isinstance(read(body), dict | RefusalReason)


@pytest.mark.promise(54)
@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii"), min_size=1),
        st.text(st.characters(codec="ascii"), min_size=1),
        min_size=1,
        max_size=5,
    )
)
def test_form_and_json_say_the_same(fields: dict[str, str]) -> None:
    assert read(urlencode(fields).encode()) == read(json.dumps(fields).encode()) == fields


@pytest.mark.promise(54)
@pytest.mark.parametrize("number", [None, True, False, 0, -1, 1.5, "4711", "", [7], {}])
def test_a_github_user_is_a_positive_number(number: object) -> None:
    with pytest.raises(SignInRefused) as refused:
        _number(number)

    assert refused.value.reason is RefusalReason.SUBJECT_INVALID


@pytest.mark.promise(3)
@pytest.mark.parametrize("tenant", [None, "", "99999999-8888-4777-8666-555555555555", ["x"], "common"])
def test_microsofts_tenant_must_be_the_configured_one(providers: Sandbox, tenant: object) -> None:
    microsoft = registry.get("microsoft")
    assert isinstance(microsoft, MicrosoftProvider)

    with pytest.raises(SignInRefused) as refused:
        microsoft.identity_from({"sub": "s", "tid": tenant})
    assert refused.value.reason is RefusalReason.TENANT_WRONG
    assert microsoft.identity_from({"sub": "s", "tid": microsoft.tenant}).issuer.endswith(f"/{microsoft.tenant}/v2.0")


@pytest.mark.promise(25)
@pytest.mark.parametrize(
    ("said", "is_verified"),
    [(said, True) for said in (True, "true", 1, "1")]
    + [(said, False) for said in (False, "false", 0, "0", None, "", "True", "yes", 1.0, 2, [True], {"1": 1})],
)
def test_microsoft_verifies_an_address_only_if_its_domain_is_the_tenants(
    providers: Sandbox,
    said: object,
    is_verified: bool,  # noqa: FBT001  # a case
) -> None:
    microsoft = registry.get("microsoft")
    assert isinstance(microsoft, MicrosoftProvider)
    claims = {"sub": "s", "tid": microsoft.tenant, "email": "ada@example.com", "email_verified": True, "xms_edov": said}

    assert microsoft.identity_from(claims).email_verified is is_verified


def test_the_library_behind_keycloak_sends_our_callback_and_keeps_its_reasons(providers: Sandbox) -> None:
    keycloak = registry.get("keycloak")
    flow = Flow(provider="keycloak", process=Process.SIGN_IN)
    callback = providers.visit(keycloak.authorization_url(flow), "ada")
    code = callback.partition("code=")[2].partition("&")[0]
    identity = keycloak.identify(code, flow)

    assert (identity.provider, identity.email, identity.email_verified) == ("keycloak", "ada@example.com", True)
    with pytest.raises(SignInRefused) as refused:
        keycloak.identify(code, flow)  # a code can be used once
    assert (refused.value.reason, refused.value.error) == (RefusalReason.CODE_REFUSED, "invalid_grant")

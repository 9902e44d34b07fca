"""`manage.py keys` lists the keys that sign, replaces them, and withdraws one that leaked."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from audit.models import Entry
from authserver.keys import pairs, ring
from authserver.models import SigningAlgorithm, TokenSigningKey
from authserver.tasks import rotate_signing_keys

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_signing_keys")]


def run(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(printed(*arguments, "--json"))["keys"]
    return found


def printed(*arguments: str) -> str:
    out = io.StringIO()
    call_command("keys", *arguments, stdout=out)
    return out.getvalue()


def kid() -> str:
    return ring.current().signer(SigningAlgorithm.RS256).kid


def test_the_list_has_the_keys_with_their_states_and_nothing_private() -> None:
    found = run("list")
    assert [(key["algorithm"], key["state"]) for key in found] == [
        (name, "signing") for name in sorted(SigningAlgorithm.values)
    ]
    assert found[0].keys() == {"kid", "algorithm", "state", "published", "signs_from", "removed"}
    assert f"RS256    {kid()}  signs\n" in printed("list")


@pytest.mark.promise(66)
def test_a_rotation_says_what_was_published_and_from_when_on_it_signs() -> None:
    ring.current()
    said = printed("rotate")
    assert said.count("is published.") == 3
    assert said.count("waits to sign from") == 3
    assert sorted(key["state"] for key in run("list")) == ["signing"] * 3 + ["waiting"] * 3
    assert "Their successors are published already." in printed("rotate")
    assert len(run("rotate")) == 6
    assert set(Entry.objects.filter(action="signing_key.published").values_list("actor_kind", "actor_id")) == {
        ("job", "signing-keys"),
        ("command", "keys"),
    }


@pytest.mark.promise(66)
def test_a_withdrawal_says_which_key_signs_now() -> None:
    old = kid()
    said = printed("withdraw", old)
    assert f"{old} is withdrawn." in said
    assert f"RS256 {kid()} signs from now on." in said
    assert {key["kid"]: key["state"] for key in run("list")}[old] == "withdrawn"
    assert run("withdraw", old) == run("list")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["withdraw"], "Name the key"),
        (["withdraw", "unknown"], "no signing key with this ID"),
        (["list", "something"], "list takes no key"),
        (["rotate", "something"], "rotate takes no key"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_changes_nothing(arguments: list[str], said: str) -> None:
    ring.current()
    before = list(TokenSigningKey.objects.values())
    with pytest.raises(CommandError, match=said):
        run(*arguments)
    assert list(TokenSigningKey.objects.values()) == before


def test_configured_keys_are_listed_and_changed_only_where_they_are_configured(settings: Any) -> None:
    known = [pairs.generate(one) for one in (SigningAlgorithm.RS256, SigningAlgorithm.RS256, SigningAlgorithm.ES256)]
    settings.OIDC_SIGNING_KEYS = [pair.pem for pair in known]
    assert [key["state"] for key in run("list")] == ["signing", "verifying", "signing"]
    for arguments in (["rotate"], ["withdraw", known[0].kid]):
        with pytest.raises(CommandError, match="come from OIDC_SIGNING_KEYS"):
            run(*arguments)
    rotate_signing_keys()
    assert not TokenSigningKey.objects.exists()


def test_no_generated_key_id_looks_like_an_option() -> None:
    assert not any(pairs.generate(SigningAlgorithm.ED25519).kid.startswith("-") for _ in range(300))

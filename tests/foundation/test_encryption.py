"""Encryption: what is for one person and one purpose can be read for no other."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.encryption import DecryptionFailed, KeyLost, decrypt, encrypt, fingerprint, is_current, key_ids, key_of


@given(st.text())
def test_what_was_encrypted_can_be_decrypted_and_is_not_to_be_seen(text: str) -> None:
    encrypted = encrypt(text, owner="ada", purpose="totp")

    assert decrypt(encrypted, owner="ada", purpose="totp") == text
    assert encrypted != encrypt(text, owner="ada", purpose="totp")
    assert len(text) < 4 or text not in encrypted


@pytest.mark.parametrize(("owner", "purpose"), [("grace", "totp"), ("ada", "token"), ("", "totp\nada")])
def test_it_is_decrypted_for_its_owner_and_purpose_alone(owner: str, purpose: str) -> None:
    encrypted = encrypt("secret", owner="ada", purpose="totp")

    with pytest.raises(DecryptionFailed):
        decrypt(encrypted, owner=owner, purpose=purpose)


def test_another_key_decrypts_nothing(settings: Any) -> None:
    encrypted, mark = (
        encrypt("secret", owner="ada", purpose="totp"),
        fingerprint("word", owner="ada", purpose="recovery"),
    )
    settings.SECRET_KEY = "another " * 10

    with pytest.raises(KeyLost):
        decrypt(encrypted, owner="ada", purpose="totp")
    assert fingerprint("word", owner="ada", purpose="recovery") != mark


def test_a_new_key_encrypts_and_the_older_ones_read_on(settings: Any) -> None:
    first, second = bytes(range(32)), bytes(range(32, 64))
    derived = encrypt("a", owner="ada", purpose="totp")
    settings.TOKEN_ENCRYPTION_KEYS = [first]
    under_first = encrypt("b", owner="ada", purpose="totp")
    settings.TOKEN_ENCRYPTION_KEYS = [second, first]
    under_second = encrypt("c", owner="ada", purpose="totp")

    kept = [derived, under_first, under_second]
    assert [decrypt(one, owner="ada", purpose="totp") for one in kept] == ["a", "b", "c"]
    assert [is_current(one) for one in kept] == [False, False, True]
    assert [key_of(one) for one in reversed(kept)] == key_ids()

    settings.TOKEN_ENCRYPTION_KEYS = [second]
    with pytest.raises(KeyLost, match=key_of(under_first)):
        decrypt(under_first, owner="ada", purpose="totp")


def test_what_was_encrypted_under_a_former_secret_key_is_read_while_that_is_listed(settings: Any) -> None:
    derived = encrypt("a", owner="ada", purpose="totp")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another " * 8

    assert decrypt(derived, owner="ada", purpose="totp") == "a"
    assert not is_current(derived)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(KeyLost):
        decrypt(derived, owner="ada", purpose="totp")


@given(st.text() | st.from_regex(r"2\.[a-z0-9]{1,12}\.[A-Za-z0-9_-]{0,80}={0,2}", fullmatch=True) | st.just(""))
def test_garbage_is_refused(encrypted: str) -> None:
    with pytest.raises(DecryptionFailed):
        decrypt(encrypted, owner="ada", purpose="totp")


def test_every_changed_byte_is_noticed() -> None:
    before, _, content = encrypt("secret", owner="ada", purpose="totp").rpartition(".")
    raw = base64.urlsafe_b64decode(content)

    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(DecryptionFailed):
            decrypt(f"{before}.{base64.urlsafe_b64encode(changed).decode()}", owner="ada", purpose="totp")
    with pytest.raises(DecryptionFailed):
        decrypt(f"3.{content}", owner="ada", purpose="totp")


def test_a_fingerprint_is_of_one_text_of_one_owner_for_one_purpose() -> None:
    marks = {
        fingerprint(text, owner=owner, purpose=purpose)
        for text in ("a", "b")
        for owner in ("ada", "grace")
        for purpose in ("x", "y")
    }

    assert len(marks) == 8

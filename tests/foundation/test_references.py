"""A reference is read however somebody writes it, and whatever is none is not taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import references
from foundation.references import ALPHABET, new_reference

SPELLINGS = [
    "XTE3-QL",
    "xte3-ql",
    "XTE3QL",
    "  xte3 ql\n",
    "XTE3\N{NON-BREAKING HYPHEN}QL",
    "XTE3 \N{EN DASH} QL",
    "xte3\N{MINUS SIGN}ql",
    "X-T-E-3-Q-L",
    "XTE3-0L",
    "xte3-ol",
    "XTE3-Q1",
    "xte3-qi",
    "XTE3-Q|",
    "XTE3-QL.",
    "“XTE3-QL”",
    "Reference XTE3-QL",
    "reference: xte3ql",
    "\N{FULLWIDTH LATIN CAPITAL LETTER X}TE3-QL",
    "XTE3\N{ZERO WIDTH SPACE}-QL",
]
NONE = ["", " ", "XTE3", "XTE3-QLL", "XTE3-QÄ", "XTE3-Q\0", "äöüßäö", "keycloak", "٣٣٣٣٣٣", "Reference", "X" * 10_000]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_every_spelling_means_the_same(spelled: str) -> None:
    """The kind: what somebody reads out or copies by hand finds nothing, for a difference that nobody sees."""
    assert references.read(spelled) == "XTE3-QL"


@pytest.mark.parametrize("text", NONE)
def test_what_cannot_be_one_is_none(text: str) -> None:
    assert references.read(text) is None


@given(st.text())
def test_nothing_else_than_a_reference_ever_comes_out(text: str) -> None:
    found = references.read(text)

    assert found is None or (len(found) == 7 and found[4] == "-" and set(found.replace("-", "")) <= set(ALPHABET))


def test_a_new_one_reads_as_itself() -> None:
    made = new_reference()

    assert references.read(made) == made

"""The palette: by day and by lamplight, what is to be read can be read."""

import re
from itertools import product

import pytest

from config.variables import CHECKOUT

STYLES = CHECKOUT / "static" / "css"
PAIR = re.compile(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\)")
COLOURS = {name: pair for name, *pair in PAIR.findall((STYLES / "tokens.css").read_text())}
PAPER = ["wall", "daylight", "surface", "sunken", "frame", "floor"]
READ_ON = [
    (7.0, ["ink", "ink-quiet"], PAPER),
    (7.0, ["ink"], ["brand-wash", "danger-wash", "caution-wash"]),
    (7.0, ["on-provider"], ["provider", "provider-hover"]),
    (4.5, ["brand", "brand-strong"], [*PAPER, "brand-wash"]),
    (4.5, ["danger", "danger-strong"], ["wall", "surface", "danger-wash"]),
    (4.5, ["on-brand"], ["brand", "brand-strong"]),
    (3.0, ["line-strong"], ["wall", "daylight", "surface", "provider"]),
    (3.0, [f"tone-{number}" for number in range(1, 7)] + ["tone-quiet"], ["surface", "sunken"]),
]


def luminance(colour: str) -> float:
    """Relative luminance of six hexadecimal digits (WCAG 2.2)."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("least", "ink", "paper"),
    [(least, ink, paper) for least, inks, papers in READ_ON for ink, paper in product(inks, papers)],
)
def test_ink_stands_out_from_its_paper_by_day_and_by_lamplight(least: float, ink: str, paper: str) -> None:
    for pair in zip(COLOURS[ink], COLOURS[paper], strict=True):
        darker, lighter = sorted(map(luminance, pair))
        assert (lighter + 0.05) / (darker + 0.05) >= least, pair


@pytest.mark.parametrize(
    "sheet",
    ["site.css", "admin.css", "menu.css", "overview.css", "narrow.css", "reference.css", "trail.css", "targets.css"],
)
def test_only_the_tokens_name_colours_and_every_token_used_is_there(sheet: str) -> None:
    rules = (STYLES / sheet).read_text()
    named = re.findall(r"(--[\w-]+):", (STYLES / "tokens.css").read_text() + rules)

    assert not re.findall(r"#[0-9a-f]{3,8}\b|rgb|hsl", re.sub(r"#[\w-]+(?=[^;{}]*\{)", "", rules))
    assert set(re.findall(r"var\((--[\w-]+)", rules)) <= set(named)

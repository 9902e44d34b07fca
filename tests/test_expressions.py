"""No expression over what people send takes more than linear time.

The kind of fault: an expression that looks harmless and tries again from every place, so that a megabyte of one
letter holds a worker until it is killed. Each expression of the product is found in its source, and attacked with
repeated pieces of what it looks for; each of our own functions over such texts is listed here.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.password_validation import get_default_password_validators
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.organizations.claim_rules import paths
from accounts.sign_in.factors.passkey_site import PasskeyRefused
from accounts.sign_in.factors.passkeys import _read
from accounts.sign_in.local.forms import EmailForm, NewAccountForm, NewPasswordForm, SignInForm
from accounts.sign_in.local.hashing import LONGEST_PASSWORD
from accounts.sign_in.local.password_rules import NothingObvious, _core
from audit.jsonable import to_jsonable
from audit.middleware import _ip_address
from audit.reading import presentation
from audit.reading.presentation import Value
from config.logs import hide_mailed_links, keep_to_one_line
from config.proxies import hops_of_forwarded, hops_of_x_forwarded_for, nearest_stranger
from foundation.browsers import name_browser
from foundation.display_names import clean_name
from foundation.next_page import safe_next
from providers.identity import clean_address, storable
from tests.support.product import PACKAGES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.no_cover,  # counting lines would cost more than what is measured here
]

MAKERS = {"compile", "match", "search", "sub", "subn", "split", "fullmatch", "findall", "finditer"}
SHORT, LONG = 4_000, 16_000  # characters: four times as many
NOTHING = 0.004  # seconds of work that are too few to compare
AT_ONCE = 0.1  # seconds of work for a megabyte
GROWTH = 10.0  # times as long for four times as much: linear is 4, quadratic 16, and other programs run
PIECES = (
    "a",
    "1",
    "_",
    " ",
    "-",
    ".",
    "\n",
    '"',
    "\\",
    "%",
    "%25",
    "/",
    "@",
    "a.",
    "1a",
    "Aa",
    "\\\\",
    '\\"',
    "a1_",
    "\N{LATIN SMALL LETTER LONG S}",
)
ENDS = ("", "!", "\0", "a", "1", ".", '"', "/")
ROOT = Path(__file__).parents[1]


def calls_of_re(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MAKERS):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
            yield node


@dataclass(frozen=True, kw_only=True)
class Expression:
    pattern: re.Pattern[Any]
    begins_anywhere: bool  # it is searched for, and not only matched at one place

    @property
    def source(self) -> str:
        pattern: str | bytes = self.pattern.pattern
        return pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern

    def use(self, text: str) -> None:
        given = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        self.pattern.fullmatch(given)
        self.pattern.match(given)
        if self.begins_anywhere:
            self.pattern.sub(given[:0], given)


def used_as(tree: ast.AST, name: str) -> set[str]:
    """The methods that a module calls of a constant; whoever hands it on lets it be searched for."""
    loads = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]
    called = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }
    return called if loads else {"search"}


def expressions_of(file: Path) -> Iterator[tuple[str, Expression]]:
    """Find what a module compiles: constants by their name, and texts that are given to ``re`` where it is used."""
    tree = ast.parse(file.read_text())
    named = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            named[node.value] = node.targets[0].id
    place = file.relative_to(ROOT)
    for call in calls_of_re(tree):
        if call in named:
            module = importlib.import_module(".".join(place.with_suffix("").parts))
            anywhere = bool(used_as(tree, named[call]) - {"match", "fullmatch"})
            yield f"{place}:{named[call]}", Expression(pattern=getattr(module, named[call]), begins_anywhere=anywhere)
        else:
            assert isinstance(call.args[0], ast.Constant), f"{place}:{call.lineno}: give it a name in the module"
            pattern = re.compile(str(call.args[0].value))
            yield f"{place}:{call.lineno}", Expression(pattern=pattern, begins_anywhere=True)


def all_expressions() -> dict[str, Expression]:
    files = (
        file for name in PACKAGES for file in sorted((ROOT / name).rglob("*.py")) if "migrations" not in file.parts
    )
    return dict(found for file in files for found in expressions_of(file))


def pieces_of(pattern: str) -> set[str]:
    """What it says literally, in runs, is what it may be caught by."""
    literal = re.sub(r"\\[A-Za-z]|\(\?[^)]*?[:>]|[\\^$*+?()\[\]{}|]", " ", pattern)
    return {*PIECES, *literal.split(), "".join(literal.split())[:40]} - {""}


def texts(pattern: str, length: int) -> Iterator[str]:
    for piece in pieces_of(pattern):
        for end in ENDS:
            yield (piece * (length // len(piece) + 1))[:length] + end


def seconds(work: Callable[[], object], *, enough: float = NOTHING) -> float:
    """The least of three, of this thread alone: a busy machine is no fault. One that is short enough is enough."""
    spent = []
    for _ in range(3):
        began = time.thread_time()
        work()
        spent.append(time.thread_time() - began)
        if spent[-1] < enough:
            break
    return min(spent)


def grows_too_fast(work: Callable[[str], object], short: str, long: str) -> str:
    """Say so if it is seen again and again, or nothing: other programs use the processor's memory too."""
    found = ""
    for _ in range(3):
        found = _seems_to_grow_too_fast(work, short, long)
        if not found:
            break
    return found


def _seems_to_grow_too_fast(work: Callable[[str], object], short: str, long: str) -> str:
    """The longer is not begun where the shorter is long enough already to know."""
    first = seconds(lambda: work(short))
    if first > 0.3:
        return f"{first:.1f} s for {len(short)} characters of {short[:20]!r}"
    second = seconds(lambda: work(long))
    if second > NOTHING:  # then the shorter one counts, and one sample of it may be a busy machine's
        first = min(first, seconds(lambda: work(short), enough=0))
    if second > NOTHING and second > GROWTH * first:
        return f"{second / max(first, 1e-9):.1f} times as long for {len(long) / len(short):.1f} of {short[:20]!r}"
    return ""


EXPRESSIONS = all_expressions()


def test_the_attack_finds_what_it_is_made_for() -> None:
    """A test that cannot fail proves nothing: these held workers. A fast machine needs the longer texts to see it."""
    for fault in (r"[\W\d_]+\Z", r"(.+?)\1+\Z", r"\s+$"):
        slow = re.compile(fault, re.DOTALL)
        pairs = (
            pair
            for short, long in ((250, 1_000), (1_000, 4_000))
            for pair in zip(texts(fault, short), texts(fault, long), strict=True)
        )
        assert any(grows_too_fast(lambda text, slow=slow: slow.search(text), *pair) for pair in pairs), fault  # type: ignore[misc]  # a default


def test_expressions_are_found() -> None:
    assert "providers/flow.py:STATE" in EXPRESSIONS
    assert len(EXPRESSIONS) > 10


@pytest.mark.promise(96)
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_is_linear(name: str) -> None:
    expression = EXPRESSIONS[name]
    for short, long in zip(texts(expression.source, SHORT), texts(expression.source, LONG), strict=True):
        assert not grows_too_fast(expression.use, short, long)


def path_of(text: str) -> None:
    try:
        paths.parse(text)
    except paths.BrokenPath:
        return


def passkey_of(text: str) -> None:
    try:
        _read(text)
    except (PasskeyRefused, ValueError, RecursionError):
        return


def marked(text: str) -> object:
    half = len(text) // 2
    return presentation._marked(Value(text=text), Value(text=text[half:] + "x" + text[:half]))  # noqa: SLF001


def validated(form: Callable[[dict[str, str]], Any]) -> Callable[[str], object]:
    names = ("email", "name", "password")
    return lambda text: form(dict.fromkeys(names, text)).is_valid()


EVERYWHERE = [ip_network("0.0.0.0/0"), ip_network("::/0")]  # each hop is a proxy's: all of them are looked at
OURS: dict[str, Callable[[str], object]] = {
    "a browser's name": name_browser,
    "a claim's path": path_of,
    "a claim's path, quoted": lambda text: path_of(f'"{text}'),
    "a claim's path, written": lambda text: paths.write([text]),
    "a page to go to": lambda text: safe_next(f"/{text}"),
    "an address of a network": _ip_address,
    "x-forwarded-for": lambda text: nearest_stranger(hops_of_x_forwarded_for(text), EVERYWHERE),
    "forwarded": lambda text: nearest_stranger(hops_of_forwarded(text), EVERYWHERE),
    "an address of a provider": clean_address,
    "a name of a provider": clean_name,
    "a passkey's answer": passkey_of,
    "values side by side": marked,
    "a detail of an event": to_jsonable,
    "a line of the log": lambda text: keep_to_one_line(None, "", {"a": f"\n{text}"}),
    "a path in the log": lambda text: hide_mailed_links(None, "", {"a": f"/accounts/links/{text}"}),
    "the core of a password": lambda text: _core(text[:LONGEST_PASSWORD]),
    "an obvious password": lambda text: refuses(NothingObvious(), text),
    "the form for an address": validated(EmailForm),
    "the form to sign in": validated(SignInForm),
    "the form for a password": validated(lambda data: NewPasswordForm(data, person=User(name="Ada"))),
    "the form for an account": validated(lambda data: NewAccountForm(data, person=User(email="ada@lovelace.example"))),
}
OWN_PIECES = (
    *PIECES,
    "[",
    '{"a":',
    "/accounts/invitation/a/",
    ",",
    "1.",
    ":",
    "xn--",
    "\N{LATIN SMALL LIGATURE FFI}",
    "é",
)


@pytest.mark.promise(96)
@pytest.mark.parametrize("name", OURS)
def test_what_we_do_with_a_text_is_linear(name: str) -> None:
    for piece in OWN_PIECES:
        for end in ENDS:
            short, long = piece * (SHORT // len(piece)) + end, piece * (LONG // len(piece)) + end
            assert not grows_too_fast(OURS[name], short, long), name


def refuses(validator: Any, value: Any) -> bool:
    try:
        validator(value) if callable(validator) else validator.validate(value, User(name="a" * 255, email="a.b" * 80))
    except ValidationError:
        return True
    return False


def validators_of_fields() -> dict[str, Any]:
    """Whatever looks at a text before the database does, Django's among it."""
    fields = (
        field
        for name in PACKAGES
        if apps.is_installed(name)
        for model in apps.get_app_config(name).get_models()
        for field in model._meta.get_fields()
    )
    return {
        f"{field.model._meta.label}.{field.name}: {type(one).__name__}": one
        for field in fields
        for one in getattr(field, "validators", ())
        if getattr(field, "get_internal_type", str)() in {"CharField", "TextField", "SlugField", "EmailField"}
    }


@pytest.mark.promise(96)
@pytest.mark.parametrize("name", validators_of_fields())
def test_a_validator_of_a_field_is_linear(name: str) -> None:
    validator = validators_of_fields()[name]
    pieces = (*OWN_PIECES, "a@", "@a.", "a.a-")
    for piece in pieces:
        short, long = piece * (SHORT // len(piece)) + "!", piece * (LONG // len(piece)) + "!"
        assert not grows_too_fast(lambda text: refuses(validator, text), short, long)


@pytest.mark.promise(96)
@pytest.mark.parametrize("piece", OWN_PIECES)
def test_a_megabyte_of_password_is_judged_at_once(piece: str) -> None:
    """All validators together, each by itself: Django asks the next whatever one has said."""
    longest = piece * (LONGEST_PASSWORD // len(piece))
    for text in (longest, longest + "!", longest[:-1] + "a", piece * (2**20 // len(piece)) + "a"):
        for validator in get_default_password_validators():
            assert seconds(partial(refuses, validator, text), enough=AT_ONCE) < AT_ONCE, (
                type(validator).__name__,
                len(text),
            )


@pytest.mark.promise(96)
def test_cutting_too_many_claims_is_linear() -> None:
    few, many = ({f"claim {number}": "a" * 20 for number in range(count)} for count in (SHORT, LONG))

    assert seconds(lambda: storable(many)) < GROWTH * seconds(lambda: storable(few))

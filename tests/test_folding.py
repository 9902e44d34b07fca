"""Nothing but ``foundation.canonical_email`` folds letters of an address; other places that fold are listed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.variables import CHECKOUT

FOLDERS = (
    "accounts",
    "api",
    "audit",
    "authserver",
    "config",
    "console",
    "foundation",
    "providers",
    "tenancy",
    "webhooks",
)
METHODS = {"lower", "upper", "casefold", "swapcase", "capitalize", "title"}
NAMES = {
    "Lower", "Upper", "IExact", "IContains", "IStartsWith", "IEndsWith", "IRegex", "IGNORECASE", "CIEmailField",
    "CITextField", "CICharField", "normalize_email", "validate_email", "EmailValidator", "EmailField",
}  # fmt: skip
OUR_FIELDS = "accounts.models.email_fields"
IN_SQL = re.compile(
    r"\b(lower|upper|initcap|casefold)\s*\(|\bI?LIKE\b.*\blower\b|\bILIKE\b|~~\*|~\*|\bcitext\b", re.IGNORECASE
)
LOOKUP = re.compile(r"__i(exact|contains|startswith|endswith|regex)\b")

# Where something is folded that is no address: by file and by the function, class or name around it.
OTHERS = {
    "accounts/people/search.py _elsewhere": "the id of a session, in hexadecimal",
    "accounts/people/search.py tenants_called": "the name and the short name of a tenant",
    "accounts/sign_in/factors/recovery.py use_code": "a recovery code",
    "accounts/sign_in/local/password_rules.py": "a password, against words that are easy to guess",
    "accounts/models/email_fields.py EmailField": "no folding: Django's field, with our own validator",
    "accounts/models/user.py NAME_KEY": "a person's name",
    "accounts/organizations/own_organizations.py": "the name of a tenant, to sort a list",
    "foundation/issuers.py": "an issuer, to find out whose it is; as a key of identities it is compared exactly",
    "foundation/outgoing.py": "a header of HTTP",
    "providers/migrations/0003/canonical_issuer.sql": "an issuer, as in foundation/issuers.py",
    "authserver/clients/authentication.py _basic": "the scheme of a header of HTTP",
    "authserver/protocol/bearer_credential.py credential_of": "the scheme of a header of HTTP",
    "authserver/services/certificates.py _thumbprint": "a digest in hexadecimal",
    "authserver/devices/codes.py find": "a user code, of ASCII letters alone",
    "authserver/tokens/jwts.py signed_content": "the type of a token, a media type",
    "accounts/sessions/statements.py new_key": "the key of a session, in base 32",
    "accounts/migrations/0001_initial.py Migration": "a person's name, in the index by which a list is sorted",
    "accounts/migrations/0001/words.sql": "words to search by, under C; nobody is identified by them (ADR 39)",
    "accounts/migrations/0001/canonical_emails.sql": "the canonical form itself, under C: ASCII letters alone",
    "audit/comment.py": "a verb of SQL",
    "audit/event_details.py": "the name of a field",
    "audit/events.py": "the name of a detail",
    "foundation/declarations.py OfModel": "the name of a model",
    "foundation/references.py read": "a reference",
    "audit/migrations/0001/erase.sql": "the canonical form, under C; and what code from before still sends",
    "config/environment.py": "the name of a setting",
    "config/certificate_headers.py": "the name of a header of HTTP",
    "config/client_certificates.py _of_proxy": "the name of a header of HTTP",
    "config/variables.py": "the name of a setting",
    "foundation/public_url.py _plain": "a host name of ours, which is ASCII",
    "config/languages.py code_of": "the code of a language",
    "config/own_url.py fault_of_host": "a host name of ours, which is ASCII",
    "config/issuers.py": "the name of an algorithm, and of a setting",
    "config/logs.py MAILED_LINK": "the path of a link",
    "console/overview/refusals.py": "a reason, for people to read",
    "config/proxies.py": "a header of HTTP",
    "config/second_factors.py _check": "a value of acr or amr",
    "config/server/refusals.py reason_of": "the name of an exception",
    "console/templatetags/menu.py": "the name of a model",
    "console/references/pages.py _facts": "a reason, for people to read",
    "providers/registry.py get": "the name of a setting",
    "providers/upstream.py UpstreamClient": "a header of HTTP",
    "api/document.py complete": "a method of HTTP",
    "api/pages.py _entry": "a method of HTTP",
    "providers/signatures.py _agreed_algorithm": "the name of an algorithm",
    "providers/metadata.py Issuer": "the name of a setting",
    "providers/upstream_tokens/verification.py _check_kind": "the type of a token, a media type",
}


@pytest.mark.promise(94)
def test_only_what_is_listed_folds_letters() -> None:
    """The kind: one more place where an address is compared by another folding."""
    found = {place for folder in FOLDERS for place in _places(CHECKOUT / folder)}
    unlisted = {place for place in found if place not in OTHERS and place.split(" ")[0] not in OTHERS}

    assert unlisted == set()


@pytest.mark.promise(94)
def test_what_is_listed_is_there() -> None:
    found = {place for folder in FOLDERS for place in _places(CHECKOUT / folder)}
    files = {place.split(" ")[0] for place in found}

    assert set(OTHERS) - found - files == set()


@pytest.mark.parametrize(
    "code",
    [
        "def f(a): return a.lower()",
        "def f(a): return map(str.casefold, a)",
        "f = Lower('email')",
        "people.filter(email__iexact=a)",
        "people.filter(**{f'{name}__iexact': a})",
        "BY = 'SELECT 1 FROM accounts_user WHERE LOWER(email) = %s'",
        "search_fields = ('email__icontains',)",
        "class Form: address = forms.EmailField()",
    ],
)
@pytest.mark.promise(94)
def test_the_search_finds_what_it_is_for(code: str, tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(code)

    assert list(_in_python(file))


def test_our_own_field_is_told_from_that_of_django(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(f"from {OUR_FIELDS} import EmailField\nemail = EmailField()\nother = {OUR_FIELDS}.EmailField()")
    assert list(_in_python(file)) == []

    file.write_text("from django.db.models import EmailField\nemail = EmailField()")
    assert list(_in_python(file)) == ["email"]


def _places(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(CHECKOUT))
        if file.suffix == ".py" and name != "foundation/canonical_email.py":
            yield from (f"{name} {around}" for around in _in_python(file))
        elif file.suffix == ".sql" and any(IN_SQL.search(line) for line in _code(file)):
            yield name


def _code(file: Path) -> list[str]:
    return [line.partition("--")[0] for line in file.read_text(encoding="utf-8").splitlines()]


def _in_python(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    yield from _within(tree, "", docstrings | {id(node) for node in _uses_of_our_field(tree)})


def _uses_of_our_field(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield where our own field for addresses is used, which has the name of Django's and folds nothing."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == OUR_FIELDS)
    ours = {name.name for node in imports for name in node.names}
    for node in ast.walk(tree):
        is_imported = isinstance(node, ast.Name) and node.id in ours
        if is_imported or (isinstance(node, ast.Attribute) and ast.unparse(node.value) == OUR_FIELDS):
            yield node


def _within(node: ast.AST, around: str, left_out: set[int]) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        name = around or _name_of(child)
        if _folds(child) and id(child) not in left_out:
            yield name
        yield from _within(child, name, left_out)


def _name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Assign):
        return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
    return getattr(node, "name", "") if isinstance(node, ast.ClassDef | ast.FunctionDef) else ""


def _folds(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in NAMES | METHODS - {"title"}  # a name of its own in classes of the admin
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
    if isinstance(node, ast.Name):
        return node.id in NAMES
    if isinstance(node, ast.keyword):
        return bool(node.arg and LOOKUP.search(node.arg))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(LOOKUP.search(node.value) or IN_SQL.search(node.value))
    return False

"""The schema is the one that the migrations made before they were written anew, but for what is listed here."""

import re

from tests import schema
from tests.elsewhere import elsewhere
from tests.servers import Servers

# Tables, columns, constraints, indexes and sequences that are called otherwise: old name, new name, by the reason.
RENAMED: dict[str, dict[str, str]] = {}


def test_the_schema_differs_by_the_names_that_are_listed_and_by_nothing_else(servers: Servers) -> None:
    before = set(re.split(r"\n\n(?=-- [A-Z ]+ )", schema.FILE.read_text().strip()))
    names = {old: new for listed in RENAMED.values() for old, new in listed.items()}
    words = {word for piece in before for word in re.findall(r"\w+", piece)}
    expected = {re.sub(r"\w+", lambda word: names.get(word[0], word[0]), piece) for piece in before}
    with elsewhere(servers) as database:
        found = schema.of(database, servers)

    assert sorted(set(names) - words) == [], "listed, and was never there"
    assert sorted(expected - found) == []
    assert sorted(found - expected) == []

"""The schema that the migrations create, as text: one piece for each object that pg_dump names.

``python -m tests.support.schema`` writes it to the file with which ``tests/config/test_schema.py`` compares.
"""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

from config.embedded.postgres import WHEEL
from tests.support.elsewhere import Elsewhere, elsewhere
from tests.support.servers import Servers, start

FILE = Path(__file__).parents[1] / "config" / "schema.sql"
HEADING = re.compile(r"^--\n-- Name: (.+); Type: (.+); Schema: .+; Owner: .*\n--\n", re.MULTILINE)
MONTH = re.compile(r"(?<=_)\d{4}_\d{2}(?=\W|_)|(?<=')\d{4}-\d{2}-01 00:00:00\+00(?=')")
PART = re.compile(r"ALTER INDEX public\.(\w+) ATTACH PARTITION public\.(\w+);")
PLACE = re.compile(r"CREATE (?:UNIQUE )?INDEX (?P<index>\w+) ON public\.(?P<of>\w+)|"
                   r"ALTER TABLE ONLY public\.(?P<table>\w+)\n    ADD CONSTRAINT (?P<key>\w+) PRIMARY KEY")  # fmt: skip


def pieces(dump: str) -> set[str]:
    """Split the output of ``pg_dump --schema-only`` into objects, each under its kind and name.

    Two things depend on the day and not on the migrations, and are normalised: the months of the trail, and the names
    that PostgreSQL gives the indexes of a partition.
    """
    _, *parts = HEADING.split(_alike(MONTH.sub("MONTH", dump)).partition("--\n-- PostgreSQL database dump complete")[0])
    named = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {f"-- {kind} {name}\n{text.strip()}" for name, kind, text in named}


def written() -> set[str]:
    """Return the objects in the file."""
    return set(re.split(r"\n\n(?=-- [A-Z ]+ )", FILE.read_text().strip()))


def of(database: Elsewhere, servers: Servers) -> set[str]:
    """Run the migrations on a database and return its objects."""
    made = database.migrate("--verbosity", "0")
    assert made.returncode == 0, made.stderr
    package = find_spec(WHEEL)
    assert package
    assert package.origin
    program = max(Path(package.origin).parent.glob("pginstall*/bin/pg_dump"))
    url = servers.postgres.url("postgres", servers.postgres.superuser_password, database.name)
    command = [str(program), "--schema-only", "--dbname", url]
    return pieces(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _alike(dump: str) -> str:
    """Name each index of a partition after its table and its parent index."""
    tables = {match["index"] or match["key"]: match["of"] or match["table"] for match in PLACE.finditer(dump)}
    names = {part: f"{tables[part]}__{whole}" for whole, part in PART.findall(dump)}
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), dump)


def main() -> None:
    servers = start()
    with elsewhere(servers) as database:
        FILE.write_text("\n\n".join(sorted(of(database, servers))) + "\n")


if __name__ == "__main__":
    main()

"""How much of the product the tests cover, as `make coverage` measured it. It fails if that is too little."""

import json
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from coverage import Coverage

LINES = 95.0  # percent of the product's
# Parts where an untested branch could let the wrong person in, or let something pass unnoticed.
EVERY_BRANCH = {
    "linking": ("providers/linking.py",),
    "verification": ("providers/verification.py",),
    "sessions": ("accounts/sessions/*", "accounts/models/session.py"),
    "tenancy": ("tenancy/*", "accounts/organizations/middleware.py"),
    "trail": ("audit/*",),
}
Files = dict[str, Any]


def faults(totals: dict[str, Any], files: Files) -> list[str]:
    """Return a sentence for each figure that is too low."""
    lines = totals["percent_statements_covered"]
    found = [] if lines >= LINES else [f"only {lines:.2f} % of the lines are covered, not {LINES:.0f} %"]
    for name, patterns in EVERY_BRANCH.items():
        if not _of(patterns, files):
            found.append(f"{name}: no file matches {' or '.join(patterns)}")
    return found + [f"{file} misses {left}" for file, left in _left_out(files).items()]


def _of(patterns: tuple[str, ...], files: Files) -> list[str]:
    return [file for file in files if any(fnmatch(file, pattern) for pattern in patterns)]


def _left_out(files: Files) -> dict[str, str]:
    """Return the uncovered lines and branches of each file. A branch to a negative line leaves the function."""
    found = {}
    for file in sorted(file for patterns in EVERY_BRANCH.values() for file in _of(patterns, files)):
        branches = [f"{line} to {to if to > 0 else 'the end'}" for line, to in files[file]["missing_branches"]]
        if left := [*map(str, files[file]["missing_lines"]), *branches]:
            found[file] = ", ".join(left)
    return found


def figures(totals: dict[str, Any], files: Files) -> str:
    taken = [files[file]["summary"] for patterns in EVERY_BRANCH.values() for file in _of(patterns, files)]
    covered, there_are = (sum(one[name] for one in taken) for name in ("covered_branches", "num_branches"))
    return (
        f"{totals['percent_statements_covered']:.2f} % of the product's lines are covered, "
        f"and {covered} of {there_are} branches in {', '.join(EVERY_BRANCH)}."
    )


def measured() -> tuple[dict[str, Any], Files]:
    coverage = Coverage()
    coverage.load()
    with tempfile.NamedTemporaryFile("r", suffix=".json") as file:
        coverage.json_report(outfile=file.name)
        report = json.loads(Path(file.name).read_text())
    return report["totals"], report["files"]


def main() -> None:
    totals, files = measured()
    found = faults(totals, files)
    sys.stdout.writelines(f"{line}\n" for line in (figures(totals, files), *found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

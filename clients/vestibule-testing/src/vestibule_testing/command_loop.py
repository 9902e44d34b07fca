"""Runs the product's ``manage.py`` once for each line of standard input, a JSON list of arguments.

The product's own Python executes this file, in the checkout. A command takes milliseconds here, where a process of its
own takes seconds to start. Each answer is one line: the status, what was printed, and the errors.
"""

import io
import json
import os
import runpy
import sys
from pathlib import Path


def main() -> None:
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    sys.path[0] = str(Path.cwd())  # instead of the folder of this file, whose modules are not the product's
    printed, errors = io.StringIO(), io.StringIO()
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), printed, errors
    for line in orders:
        status = _run(json.loads(line))
        answers.write(json.dumps([status, printed.getvalue(), errors.getvalue()]) + "\n")
        answers.flush()
        for written in (printed, errors):
            written.seek(0)
            written.truncate()


def _run(arguments: list[str]) -> int:
    """Return the exit status that the command would have."""
    sys.argv = ["manage.py", arguments[0], "--skip-checks", *arguments[1:]]
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(ended.code)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception as failed:  # noqa: BLE001  # whatever a command raises is its answer
        sys.stderr.write(f"{type(failed).__name__}: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    main()

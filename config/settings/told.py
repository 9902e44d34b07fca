"""The environment, read once; a refused one ends the process with its list of faults and no traceback."""

from config import environment

try:
    TOLD = environment.read()
except environment.ConfigurationRefused as refused:
    raise SystemExit(str(refused)) from None

"""The environment, read once; a refused one ends the process with its list of faults and no traceback."""

from config import environment
from config.variables import ConfigurationRefused

try:
    ENV = environment.read()
except ConfigurationRefused as refused:
    raise SystemExit(str(refused)) from None

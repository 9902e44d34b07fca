"""The environment, read once. A refused one ends the process with the list of faults and without a traceback."""

from config import environment
from config.variables import ConfigurationRefused

try:
    ENV = environment.read()
except ConfigurationRefused as refused:
    raise SystemExit(str(refused)) from None

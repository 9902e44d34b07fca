"""The product's settings without what the trail does, and the shop as an app of it: its models unaudited."""

from bench.trail.ours import COUNT_ENTRIES  # noqa: F401  # a setting
from bench.trail.without import *  # noqa: F403  # Django reads settings off one module
from bench.trail.without import INSTALLED_APPS as SILENT

INSTALLED_APPS = [*SILENT, "bench.trail.shop"]

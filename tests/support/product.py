"""The packages of the product, as import-linter holds them: what checks go through all of it by."""

import tomllib

from config.variables import CHECKOUT

_LINTER = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
PACKAGES = tuple(name for name in _LINTER["root_packages"] if name not in {"sandbox", "bench"})

"""The packages of the product, from the contracts of import-linter, for checks that go through all of them."""

import tomllib

from config.variables import CHECKOUT

_LINTER = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
PACKAGES = tuple(name for name in _LINTER["root_packages"] if name not in {"sandbox", "bench"})

"""Runs Vestibule for tests, signs people in there, and gets tokens from it. The fixtures are in ``plugin``."""

from vestibule_testing.errors import PreparationFailed
from vestibule_testing.people import Person
from vestibule_testing.tenants import Tenant
from vestibule_testing.trail import Trail
from vestibule_testing.vestibule import Vestibule

__all__ = ["Person", "PreparationFailed", "Tenant", "Trail", "Vestibule"]

"""django-auditlog, whose receivers write its trail."""

from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")

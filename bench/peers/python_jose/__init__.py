"""FastAPI with python-jose, as FastAPI's documentation taught it; and uvicorn's fast parts, which all back ends use."""

from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")

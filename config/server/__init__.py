"""How requests reach the threads of gunicorn: whole, within limits, and refused in words (ADR 29)."""

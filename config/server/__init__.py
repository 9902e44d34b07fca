"""How requests reach gunicorn's threads: complete and within limits. Others are refused with a page (ADR 29)."""

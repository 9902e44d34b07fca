"""Stock django-oauth-toolkit, with unhashed client secrets and persistent database connections."""

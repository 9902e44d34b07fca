"""Apps, resource servers and scopes in the admin."""

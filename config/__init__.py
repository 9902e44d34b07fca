"""The project's wiring: settings, environment, URLs, and the servers that a checkout starts for itself."""

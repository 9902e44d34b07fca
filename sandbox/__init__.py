"""Play Google, Microsoft, GitHub and Keycloak on this computer, for development and tests only."""

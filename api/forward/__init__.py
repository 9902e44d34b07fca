"""Forward authentication: a proxy asks us about each request to an application (ADR 67)."""

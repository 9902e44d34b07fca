"""How the house is wired: settings, environment, URLs, and the servers that a checkout brings along."""

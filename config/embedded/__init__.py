"""The servers that a checkout brings along, so that nothing has to be installed: development and tests only."""

"""The servers that a checkout starts for itself, so that nothing has to be installed: development and tests only."""

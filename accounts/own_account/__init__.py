"""The pages where people manage their own account."""

"""The app of docs/tenancy.md, as a customer would write it."""

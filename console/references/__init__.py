"""Looking up a refusal by its reference, for administrators."""

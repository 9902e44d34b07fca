"""What is behind the reference of a refusal, for administrators."""

"""People in the admin: their list, one person's page, and what is done to a person there."""

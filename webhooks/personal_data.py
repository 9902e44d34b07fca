"""Whose the rows of webhooks are."""

from accounts.privacy.registry import of_nobody

of_nobody("accounts.Webhook", reason="It is the tenant's; who set it up is told by the trail.")

"""``/v1/tenants/…``: the caller's organizations, and what their administrators see and do in the active one."""

"""django-auditlog, whose receivers write its trail."""

"""Moving identities to another issuer: a realm renamed, another host name, an app registered anew (ADR 76)."""

"""Following upstream: who is ended at a provider is ended here, though the provider says nothing (ADR 35).

``noticing`` sees that a person uses a session whose providers are to be asked again, ``asking`` asks them in a job.
"""

from foundation.declarations import Encrypted

DECLARATIONS = [Encrypted("notes.Key", column="secret", purpose="notes.Key", owner=lambda key: key.user_id)]

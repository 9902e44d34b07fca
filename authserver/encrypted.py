"""The encrypted columns of the auth server."""

from authserver.keys import stored
from foundation.declarations import Encrypted

DECLARATIONS = [Encrypted("authserver.TokenSigningKey", column="private_key", purpose=stored.PURPOSE)]

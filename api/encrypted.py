"""The encrypted columns of the API."""

from api.models import PURPOSE
from foundation.declarations import Encrypted

DECLARATIONS = [Encrypted("api.IdempotentRequest", column="content", purpose=PURPOSE)]

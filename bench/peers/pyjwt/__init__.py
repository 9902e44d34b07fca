"""Django with PyJWT, which the product has too: nothing is installed for it."""

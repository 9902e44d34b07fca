"""How dates and times are written where Django writes them, above all in the admin: one form in every language."""

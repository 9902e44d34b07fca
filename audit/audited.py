"""How the trail appears in the trail: not at all."""

from audit.declarations import exempt

exempt("audit.Entry", reason="It is the trail.")
exempt("audit.Personal", reason="It is a part of the trail.")

"""How the shop appears in the trail, if there is one."""

from foundation.declarations import Audited, NotAudited

UNAUDITED = "Audited writes are measured against it."

DECLARATIONS = [
    Audited("shop.Item"),
    Audited("shop.Customer", secret={"password"}, personal={"name", "email"}, person="id"),
    NotAudited("shop.ItemTwin", reason=UNAUDITED),
    NotAudited("shop.CustomerTwin", reason=UNAUDITED),
]

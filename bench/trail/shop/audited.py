"""How the shop appears in the trail, where there is one."""

from foundation.declarations import Audited, NotAudited

UNAUDITED = "It is what an audited write is measured against."

DECLARATIONS = [
    Audited("shop.Item"),
    Audited("shop.Customer", secret={"password"}, personal={"name", "email"}, person="id"),
    NotAudited("shop.ItemTwin", reason=UNAUDITED),
    NotAudited("shop.CustomerTwin", reason=UNAUDITED),
]

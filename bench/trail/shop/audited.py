"""How the shop appears in the trail, where there is one."""

from audit.declarations import declare, exempt

declare("shop.Item")
declare("shop.Customer", secret={"password"}, personal={"name", "email"}, person="id")

for twin in ("shop.ItemTwin", "shop.CustomerTwin"):
    exempt(twin, reason="It is what an audited write is measured against.")

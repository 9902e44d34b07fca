"""How the shop appears in the trail, where there is one."""

from audit.declarations import declare

declare("shop.Item")
declare("shop.Customer", secret={"password"}, personal={"name", "email"}, person="id")

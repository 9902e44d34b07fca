"""How the trail appears in the trail: not at all, but for what decides how long it is kept."""

from audit.declarations import declare, exempt

exempt("audit.Entry", reason="It is the trail.")
exempt("audit.Personal", reason="It is a part of the trail.")
exempt("audit.Seal", reason="It is a part of the trail, made of its entries.")
exempt("audit.SealDigests", reason="It is a part of the trail, made of its entries.")
exempt("audit.Removal", reason="It is a part of the trail; events count what was removed.")
exempt("audit.JobRun", reason="It tells when the trail's jobs ran, and decides nothing.")
declare("audit.Retention")

"""How the trail's own tables appear in the trail: only the retention rules do."""

from foundation.declarations import Audited, NotAudited

DECLARATIONS = [
    NotAudited("audit.Entry", reason="It is the trail."),
    NotAudited("audit.Personal", reason="It is a part of the trail."),
    NotAudited("audit.Seal", reason="It is a part of the trail, made of its entries."),
    NotAudited("audit.SealDigests", reason="It is a part of the trail, made of its entries."),
    NotAudited("audit.Removal", reason="It is a part of the trail; events count what was removed."),
    NotAudited("audit.JobRun", reason="It tells when the trail's jobs ran, and decides nothing."),
    Audited("audit.Retention"),
]

from foundation.declarations import Audited

DECLARATIONS = [
    Audited("notes.Note", personal={"text"}),
    Audited("notes.Post", personal={"text"}, person="user_id"),
]

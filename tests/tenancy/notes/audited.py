from foundation.declarations import Audited

DECLARATIONS = [
    Audited("notes.Note", personal={"text"}),
    Audited("notes.Post", personal={"text"}, person="user_id"),
    Audited("notes.Key", secret={"secret"}, person="user_id"),
]

from audit.declarations import declare

declare("notes.Note", personal={"text"})
declare("notes.Post", personal={"text"}, person="user_id")

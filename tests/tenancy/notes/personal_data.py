from foundation.declarations import PersonalData

DECLARATIONS = [PersonalData("notes.Key", by={"user_id"}, also={"tenant": "tenant__name"})]

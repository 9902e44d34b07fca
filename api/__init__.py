"""The JSON face: who is calling, and what they may know and do."""

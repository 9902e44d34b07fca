"""The trail as people read it: search with filters, visibility, presentation, and objects at a point in time."""

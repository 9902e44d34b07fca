"""A back end for front end: it signs people in at Vestibule, and keeps their tokens away from the browser."""

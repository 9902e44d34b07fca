"""Lists of people, for the administrators' pages and the API: searches, filters, and who may see whom."""

"""Bulk actions on people: decided row by row, written slice by slice, each change with its own entry in the trail."""

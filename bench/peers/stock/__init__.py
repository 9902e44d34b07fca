"""Django's admin without changes, over tables like ours, to compare with our administrators' pages."""

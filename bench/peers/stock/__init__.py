"""Django's admin as it comes, over tables like ours: what our administrators' pages are compared with."""

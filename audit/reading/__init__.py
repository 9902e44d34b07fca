"""The trail as people read it: found by any filters, told in words, an object as it was, a value put back."""

"""A pack told to people: each process as a drawing, each clock in words, in one language."""

"""The engine, on both databases."""

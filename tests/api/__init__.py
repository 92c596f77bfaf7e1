"""The ways in: JSON, pages, command line."""

"""The ways in: JSON API, pages, command line. Holds no rule of the domain."""

"""Policy alone: no database, no clock, no network."""

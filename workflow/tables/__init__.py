"""The tables, by subject. Every per-case table is keyed by case id first."""

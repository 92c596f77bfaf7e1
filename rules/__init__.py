"""Policy as data: packs, and the pure functions that read them.

No database, no clock, no network.
"""

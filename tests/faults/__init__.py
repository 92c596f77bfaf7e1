"""Faults on purpose: real workers are killed, frozen, misled and cut off, and everything that was
due is counted afterwards. `python -m tests.faults`."""

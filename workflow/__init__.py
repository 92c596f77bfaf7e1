"""The engine: cases, their clocks, ladders, rights and audit. Knows no HTTP."""

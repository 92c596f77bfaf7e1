"""One contract, kept by both dialects."""

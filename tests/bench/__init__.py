"""What the engine costs, each path beside a bare program that does the same (design §11)."""

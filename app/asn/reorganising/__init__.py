"""Units change and their people with them; who leads a unit from when to when."""

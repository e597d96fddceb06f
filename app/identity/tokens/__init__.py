"""API tokens: their form, their use, their rotation."""

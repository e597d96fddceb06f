"""Ways a message reaches a person: one file each, one line in `registry.py`, one parameter of the contract test."""

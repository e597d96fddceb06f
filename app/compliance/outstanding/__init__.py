"""Who has not signed, and whether there is a way to sign at all."""

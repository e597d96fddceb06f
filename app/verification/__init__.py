"""Is this document genuine? Signatures, changes, register and log, as a verdict with reasons; it never raises on a file."""

"""A reading becomes staged rows: contradictions found, compared with the roster, the missing listed. Nothing changes."""

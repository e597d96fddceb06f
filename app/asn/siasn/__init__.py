"""SIASN's web service as a source of the roster: who changed since the last time, staged as an import. Off unless it is set up."""

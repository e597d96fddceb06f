"""Staged rows become the roster, all of them or none, and back again while nothing depends on it."""

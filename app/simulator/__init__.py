"""Servers that behave as the signing services of others do, bad days included, for tests and for trying a set-up. No key here is of worth."""

"""Rounds (putaran) and the template versions they freeze."""

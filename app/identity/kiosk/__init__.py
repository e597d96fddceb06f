"""Kiosks: an OPD's tablet at the assembly, where one after the other signs and nothing is left behind."""

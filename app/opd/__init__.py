"""Agencies (organisasi perangkat daerah, OPD) and their units: a tree with validity dates."""

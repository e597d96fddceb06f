"""Whom a round asks: its rule over the roster, seen before it opens and frozen when it does."""

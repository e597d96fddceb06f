"""Rows that may be somebody already on the roster under another NIP: suggested by name and birth date, decided by a person."""

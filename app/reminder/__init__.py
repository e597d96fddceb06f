"""Reminders: who has not signed is written to at set times, at most once a wave, and never after signing; heads are told the figures."""

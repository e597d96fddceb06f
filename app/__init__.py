"""Pakta: pledges of a whole civil service, signed on their own devices and provable per agency."""

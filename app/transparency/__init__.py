"""The append-only log of everything that counts: entries written with the fact, sequenced into an RFC 6962 tree."""

"""Finding people by a part of a name, a NIP or a unit, also as it is misspelled or was spelled once (decision 0005)."""

"""A pledge as a file: compiled once for everybody, finished per person, archival, accessible and signed in every state."""

"""Who belonged to which unit with which position on any day, and since when that is known."""

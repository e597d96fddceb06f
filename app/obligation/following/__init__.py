"""What befalls people of an open round after its cut-off: recorded with reason and day, nothing rewritten."""

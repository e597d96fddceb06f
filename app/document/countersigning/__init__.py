"""The official's note on signed documents: what waits for it, what was left out, and the revision that holds it."""

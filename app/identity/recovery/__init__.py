"""Recovered accounts: held for a day, told to the person, approved by a second administrator."""

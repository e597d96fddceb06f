"""Where a person is signed in: how long it lasts there, what it is seen as, how it is ended."""

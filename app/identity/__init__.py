"""Accounts and how they prove themselves: activation, passkey, PIN, session cookie, API token."""

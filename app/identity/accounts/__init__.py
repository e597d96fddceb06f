"""Administrators' accounts: invitations, passkeys, sessions."""

"""Signing through a provider that is not the signer's device: prepared, confirmed, sent, and what is done when nobody knows how it ended."""

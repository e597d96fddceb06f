"""Webhooks: what happens here is told to other systems' endpoints, signed, at least once, without personal data."""

"""The agency's single sign-on (OpenID Connect Core 1.0)."""

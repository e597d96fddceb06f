"""The Idempotency-Key header: the same request again is answered, not done again."""

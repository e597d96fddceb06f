"""Read-only figures: who has signed and who has not."""

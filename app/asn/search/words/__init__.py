"""The words people are found by, written anew when people change."""

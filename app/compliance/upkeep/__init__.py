"""Keeping the counters of a round: folds, recounts, repairs."""

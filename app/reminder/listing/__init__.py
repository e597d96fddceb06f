"""Waves and deliveries as people look at them, and what they do about single ones."""

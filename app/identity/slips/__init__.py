"""Activation slips: printed cards with a short code, handed out in person."""

"""Exemptions and deferrals: asked for with evidence, decided by somebody else, withdrawn, run out."""

"""Who did or saw what, about whom, from where: written once, read by auditors and by the person it is about."""

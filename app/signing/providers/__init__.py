"""Ways to sign, one file each behind one Protocol."""

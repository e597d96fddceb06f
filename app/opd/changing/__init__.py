"""Units that merge, split, are renamed or move, from a day on; what was stays readable."""

"""Civil servants (ASN) and the roster they come from: spreadsheet, checked rows, comparison, apply."""

"""A person's pledge as a PDF: prepared, signed, sealed; served byte for byte."""

"""BSrE's Esign Client Service, the gateway on an agency's network that signs whole PDFs with a certified certificate: dialects v1 and v2."""

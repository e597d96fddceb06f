"""The NIK (16 digits), kept only where BSrE asks for it: sealed at rest, written and deleted over the API, never read over it."""

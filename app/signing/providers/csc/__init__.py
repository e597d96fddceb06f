"""Remote signing services that offer the API of the Cloud Signature Consortium: versions 1 and 2."""

"""The document security store: certificates and CRLs with which signatures can be checked long after (ETSI EN 319 142-1 5.4.2)."""


def dss_dictionary(certificates: bytes, crls: bytes) -> bytes:
    """The store over two lists of references; an indirect object, so a later revision can rewrite it alone."""
    return b"<</Type/DSS/Certs[%s]/CRLs[%s]>>" % (certificates, crls)

"""The document security store: certificates and CRLs with which signatures can be checked long after (ETSI EN 319 142-1 5.4.2)."""


def dss_dictionary(certificates: bytes, crls: bytes, responses: bytes = b"") -> bytes:
    """The store over lists of references; an indirect object, so a later revision can rewrite it alone.

    `responses` are OCSP responses; documents have none before their archive time stamp is renewed.
    """
    further = b"/OCSPs[%s]" % responses if responses else b""
    return b"<</Type/DSS/Certs[%s]/CRLs[%s]%s>>" % (certificates, crls, further)

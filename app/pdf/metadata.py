"""What the file says about itself: the XMP packet, the colour profile of its output intent and the /Info dictionary."""

from datetime import UTC, datetime
from functools import lru_cache
from xml.sax.saxutils import escape

from PIL import ImageCms

from app.pdf.syntax import text_string

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>id-ID</rdf:li></rdf:Bag></dc:language>
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance><pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 the file conforms to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""

_PROFILE_DATE = bytes.fromhex("07e800010001000000000000")  # 2024-01-01, a dateTimeNumber of ICC.1:2010 4.2


def xmp(title: str) -> bytes:
    """The XMP packet that claims PDF/A-2a and PDF/UA-1, to be embedded without a filter.

    `pdfuaid` is no predefined schema of PDF/A-2, so the packet describes it (ISO 19005-2 6.6.2.3.1).
    """
    return _XMP.format(title=escape(title)).encode()


def srgb_profile() -> bytes:
    """An sRGB profile for the output intent; the clock that the library writes into its header is pinned."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = _PROFILE_DATE
    return bytes(profile)


def pdf_date(at: datetime) -> bytes:
    """A date of ISO 32000-1 7.9.4 in UTC, to the second."""
    at = at.astimezone(UTC)
    return _pdf_date(at.replace(microsecond=0) if at.microsecond else at)


@lru_cache(maxsize=1024)  # a batch is prepared in few different seconds
def _pdf_date(second: datetime) -> bytes:
    return second.strftime("D:%Y%m%d%H%M%SZ").encode()


def info(title: str, at: datetime) -> bytes:
    """The /Info dictionary of a document prepared at `at`."""
    return _info(title, pdf_date(at))


@lru_cache(maxsize=1024)
def _info(title: str, date: bytes) -> bytes:
    return b"<</Title%s/Producer(Pakta)/CreationDate(%s)/ModDate(%s)>>" % (text_string(title), date, date)

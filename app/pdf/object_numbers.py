"""Object numbers of every document. What is personal has the first seven, so the rows of the prefix are one constant block."""

IDENTITY_TEXT = 1
SIGNATURE_TEXT = 2
QR_IMAGE = 3
INFO = 4
SIGNER_FIELD = 5
SIGNER_MARK = 6
SIGNER_VALUE = 7

CATALOG = 8
PAGES = 9
PAGE = 10  # the last one, which holds the fields; earlier pages come among the variable numbers
FORM = 11
FONTS = 12
METADATA = 13
PROFILE = 14
BLANK_MARK = 15
HEAD_TEXT = 16
BODY_TEXT = 17
DSS = 18
REGULAR_FONT = 19
BOLD_FONT = 25
SEAL_FIELD = 31
ARCHIVE_FIELD = 32
COUNTERSIGNER_FIELD = 33

FIRST_OF_PREFIX = CATALOG


def first_variable(*, countersign: bool) -> int:
    """The first number after the fixed ones: certificates, CRLs and the structure tree follow there without a gap."""
    return COUNTERSIGNER_FIELD + 1 if countersign else COUNTERSIGNER_FIELD

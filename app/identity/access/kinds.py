"""What is written down. The words people read stand in the catalogue under `page.access.kind.<kind>`."""

from enum import StrEnum


class AccessKind(StrEnum):
    """Everything that is recorded about accounts and personal data, in alphabetical order."""

    ACTIVATION_ISSUED = "activation_issued"
    ACTIVATION_REFUSED = "activation_refused"
    ACTIVATION_REVOKED = "activation_revoked"
    ACTIVATION_USED = "activation_used"
    DOCUMENT_OPENED = "document_opened"
    KIOSK_ENROLLED = "kiosk_enrolled"
    KIOSK_MADE = "kiosk_made"
    KIOSK_REVOKED = "kiosk_revoked"
    LOGIN = "login"
    LOGIN_CODE_SENT = "login_code_sent"
    LOGIN_REFUSED = "login_refused"
    LOGOUT = "logout"
    LIST_EXPORTED = "list_exported"
    NIP_UNMASKED = "nip_unmasked"
    PASSKEY_ADDED = "passkey_added"
    PIN_SET = "pin_set"
    RECOVERED = "recovered"
    RECOVERY_APPROVED = "recovery_approved"
    ROLE_GRANTED = "role_granted"
    SIGNED = "signed"
    SIGNING_CODE_SENT = "signing_code_sent"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of a kind
    TOKEN_ROTATED = "token_rotated"  # noqa: S105 - the name of a kind

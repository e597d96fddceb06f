"""What is written down. The words people read stand in the catalogue under `page.access.kind.<kind>`."""

from enum import StrEnum


class AccessKind(StrEnum):
    """Everything that is recorded about accounts and personal data, in alphabetical order."""

    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_INVITED = "account_invited"
    ACCOUNT_OPENED = "account_opened"
    ACTIVATION_CONTESTED = "activation_contested"
    ACTIVATION_HELD = "activation_held"
    ACTIVATION_ISSUED = "activation_issued"
    ACTIVATION_REFUSED = "activation_refused"
    ACTIVATION_REVOKED = "activation_revoked"
    ACTIVATION_USED = "activation_used"
    APPROVAL_ASKED = "approval_asked"
    APPROVAL_GIVEN = "approval_given"
    APPROVAL_REFUSED = "approval_refused"
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
    PASSKEY_REMOVED = "passkey_removed"
    PIN_SET = "pin_set"
    RECOVERED = "recovered"
    RECOVERY_APPROVED = "recovery_approved"
    ROLE_GRANTED = "role_granted"
    SESSION_CONFIRMED = "session_confirmed"
    SESSION_ENDED = "session_ended"
    SIGNED = "signed"
    SIGNING_CODE_SENT = "signing_code_sent"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of a kind
    TOKEN_ROTATED = "token_rotated"  # noqa: S105 - the name of a kind

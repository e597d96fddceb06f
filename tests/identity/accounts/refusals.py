"""What is answered to whom: status and code."""

REFUSED = (403, "account.refused")
GONE = (410, "invitation.invalid")
STRANGER = (401, "identity.login_needed")
CONFIRM = (403, "session.confirm")

"""The simulators' synthetic persons: one for each state an account may be in. No NIK, name or passphrase is anybody's."""

from dataclasses import dataclass

PASSPHRASE = "Rahasia#2026"  # noqa: S105 - of persons who do not exist
TOTP = "246810"


@dataclass(frozen=True)
class Person:
    """A user of the simulated service; `state` is BSrE's word for the account."""

    nik: str
    email: str
    name: str
    state: str = "ISSUE"
    passphrase: str = PASSPHRASE
    totp: str = TOTP


_STATES = (
    "ISSUE",
    "NEW",
    "WAITING_FOR_VERIFICATION",
    "RENEW",
    "EXPIRED",
    "NO_CERTIFICATE",
    "SUSPEND",
    "REVOKE",
)

BUILT_IN: tuple[Person, ...] = tuple(
    Person(f"357301010185{place:04d}", f"{state.lower()}@simulator.example", f"Pengguna {state.title()}", state)
    for place, state in enumerate(_STATES, start=1)
)
"""NIK 3573010101850001 can sign; …0002 to …0008 cannot, each in another state; any other is not registered."""


def find(people: tuple[Person, ...], nik: str, email: str) -> Person | None:
    """Return the person somebody asks for."""
    return next((one for one in people if (nik and one.nik == nik) or (email and one.email == email)), None)

"""What the law on personal data (UU 27/2022) gives a person: to see all that is kept, to have it corrected, to have it deleted in time."""

"""Where a person's account comes from: who issued the activation that opened it, what speaks for a second look, and what if it was not them."""

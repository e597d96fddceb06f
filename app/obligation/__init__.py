"""Who must sign what in a round: the frozen denominator, and the state of every obligation."""

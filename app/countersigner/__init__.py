"""Who takes note ("Mengetahui") of the pledges of an agency in a round: its head, or an acting one with a recorded mandate."""

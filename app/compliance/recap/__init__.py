"""The recap of a round: the official table, and the list of who has not signed, in every form offices use."""

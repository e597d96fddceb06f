"""The ceremony: a person reads, confirms and signs on a device of their own; its states and its providers."""

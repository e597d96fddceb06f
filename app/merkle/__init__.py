"""Merkle: the append-only hash tree of RFC 6962, its proofs, its tiles (C2SP tlog-tiles) and its signed notes."""

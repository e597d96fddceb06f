"""The hash tree of RFC 6962 section 2.1 (the same in RFC 9162 section 2.1.1), SHA-256 throughout.

`root` is the reference: it follows the definition word by word over a whole list. What works on a large log
(`app.merkle.proof`, `app.merkle.tile`) is tested against it.
"""

import hashlib
from collections.abc import Sequence

HASH_SIZE = 32

_LEAF_PREFIX = b"\x00"
_NODE_PREFIX = b"\x01"

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree of no leaves: the hash of the empty string."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte hash of a log entry: SHA-256(0x00 || entry).

    The prefix keeps a leaf from being passed off as an inner node (second preimage, RFC 6962 section 2.1).
    """
    return hashlib.sha256(_LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(_NODE_PREFIX + left + right).digest()


def split_point(size: int) -> int:
    """Return the largest power of two smaller than `size`: how many leaves the left subtree takes; `size` is at least 2."""
    if size < 2:
        raise ValueError(f"a tree of {size} leaves is not split")
    return 1 << ((size - 1).bit_length() - 1)


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle Tree Hash of a list of leaf hashes; O(n), the whole list in memory."""
    if not leaf_hashes:
        return EMPTY_ROOT
    if len(leaf_hashes) == 1:
        return leaf_hashes[0]
    split = split_point(len(leaf_hashes))
    return node_hash(root(leaf_hashes[:split]), root(leaf_hashes[split:]))

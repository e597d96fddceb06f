"""Inclusion and consistency proofs (RFC 6962 section 2.1.1 and 2.1.2; verified as in RFC 9162 section 2.1.3.2 and 2.1.4.2).

The makers take a `HashReader`, so they neither know nor care where the tree is kept. The verifiers answer yes or no
and never raise: what they are given comes from strangers.
"""

from collections.abc import Callable, Sequence

from app.merkle.tree import EMPTY_ROOT, HASH_SIZE, node_hash, split_point

HashReader = Callable[[int, int], bytes]
"""`read(level, index)`: hash of the complete subtree over the leaves [index << level, (index + 1) << level)."""


def subtree_hash(start: int, end: int, read: HashReader) -> bytes:
    """Return the Merkle Tree Hash of the leaves [start, end), a range that the tree's own splitting yields.

    Costs O(log(end - start)) reads. `start` must be a multiple of the smallest power of two not below `end - start`.
    """
    if not 0 <= start < end:
        raise ValueError(f"no leaves in [{start}, {end})")
    complete = []
    while start < end:
        # The largest complete subtree that starts here; the binary digits of the length, highest first.
        level = (end - start).bit_length() - 1
        complete.append(read(level, start >> level))
        start += 1 << level
    result = complete.pop()
    while complete:
        result = node_hash(complete.pop(), result)
    return result


def tree_root(size: int, read: HashReader) -> bytes:
    """Return the root of the tree of the first `size` leaves; O(log size) reads."""
    return subtree_hash(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, lowest sibling first.

    Raises ValueError when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + split_point(end - start)
        if index < middle:
            path.append(subtree_hash(middle, end, read))
            end = middle
        else:
            path.append(subtree_hash(start, middle, read))
            start = middle
    return path[::-1]


def consistency_proof(old_size: int, new_size: int, read: HashReader) -> list[bytes]:
    """Return the proof that the tree of `old_size` leaves is a prefix of the tree of `new_size`.

    Empty when the sizes are equal and when the old tree is empty. Raises ValueError when the tree would have shrunk.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a tree of {new_size} does not extend one of {old_size}")
    if old_size == 0:
        return []
    start, end, proof = 0, new_size, []
    while old_size != end:
        middle = start + split_point(end - start)
        if old_size <= middle:
            proof.append(subtree_hash(middle, end, read))
            end = middle
        else:
            proof.append(subtree_hash(start, middle, read))
            start = middle
    # The verifier already holds the old root: it is sent only when the old tree is not itself a complete left subtree.
    if start:
        proof.append(subtree_hash(start, end, read))
    return proof[::-1]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `proof` shows that `leaf_hash` is leaf `index` of the tree of `size` leaves with this `root`."""
    if not _are_sizes(index, size) or index >= size or not _are_hashes([leaf_hash, root, *proof]):
        return False
    position, last, computed = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            # A right edge without a sibling at this height moves up unchanged.
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and computed == root


def verify_consistency(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Tell whether `proof` shows that the tree under `new_root` begins with all leaves of the tree under `old_root`.

    Every tree extends the empty one, whose root is fixed and whose proof is empty.
    """
    if not _are_sizes(old_size, new_size) or old_size > new_size or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root and (old_size > 0 or old_root == EMPTY_ROOT)
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    return bool(path) and _replay(old_size, new_size, path) == (old_root, new_root)


def _replay(old_size: int, new_size: int, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Compute both roots from a consistency path (RFC 9162 section 2.1.4.2, steps 3 to 7); None when it does not fit."""
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        position >>= 1
        last >>= 1
    return (old, new) if last == 0 else None


def _are_hashes(values: Sequence[object]) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH_SIZE for value in values)


def _are_sizes(*values: object) -> bool:
    return all(isinstance(value, int) and value >= 0 for value in values)

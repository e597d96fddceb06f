import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.merkle import proof, tree
from tests.merkle.trees import TileStore, leaves

LEAVES = leaves(300)
STORE = TileStore()
for _leaf in LEAVES:
    STORE.append([_leaf])
ROOTS = [tree.root(LEAVES[:size]) for size in range(len(LEAVES) + 1)]

sizes = st.integers(1, len(LEAVES))
size_pairs = st.tuples(sizes, sizes).map(sorted)
leaf_of_tree = sizes.flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
junk = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.binary(max_size=40))


def test_every_leaf_of_every_size_around_the_tile_boundary_is_proven():
    for size in (1, 2, 3, 7, 8, 9, 255, 256, 257, 300):
        for index in range(size):
            path = proof.inclusion_proof(index, size, STORE.reader(size))
            assert proof.verify_inclusion(LEAVES[index], index, size, path, ROOTS[size])


@settings(max_examples=400, deadline=None)
@given(leaf_of_tree, st.data())
def test_no_leaf_is_proven_at_another_place(leaf, data):
    index, size = leaf
    path = proof.inclusion_proof(index, size, STORE.reader(size))
    assert proof.verify_inclusion(LEAVES[index], index, size, path, ROOTS[size])
    other = data.draw(st.integers(0, size + 2).filter(lambda value: value != index))
    assert not proof.verify_inclusion(LEAVES[index], other, size, path, ROOTS[size])
    assert not proof.verify_inclusion(tree.leaf_hash(b"forged"), index, size, path, ROOTS[size])
    assert not proof.verify_inclusion(LEAVES[index], index, size, [*path, LEAVES[0]], ROOTS[size])
    if path:
        assert not proof.verify_inclusion(LEAVES[index], index, size, path[:-1], ROOTS[size])
        assert not proof.verify_inclusion(LEAVES[index], index, size, _flip(path, data), ROOTS[size])


@settings(max_examples=600, deadline=None)
@given(size_pairs, st.data())
def test_every_tree_extends_its_own_past_and_no_other(pair, data):
    old, new = pair
    path = proof.consistency_proof(old, new, STORE.reader(new))
    assert proof.verify_consistency(old, new, path, ROOTS[old], ROOTS[new])
    assert not proof.verify_consistency(old, new, path, tree.leaf_hash(b"x"), ROOTS[new])
    assert not proof.verify_consistency(old, new, path, ROOTS[old], tree.leaf_hash(b"x"))
    assert not proof.verify_consistency(old, new, [*path, LEAVES[0]], ROOTS[old], ROOTS[new])
    if path:
        assert not proof.verify_consistency(old, new, path[1:], ROOTS[old], ROOTS[new])
        assert not proof.verify_consistency(old, new, _flip(path, data), ROOTS[old], ROOTS[new])


def test_every_pair_of_small_sizes_is_consistent():
    for new in range(65):
        for old in range(new + 1):
            path = proof.consistency_proof(old, new, STORE.reader(new))
            assert proof.verify_consistency(old, new, path, ROOTS[old], ROOTS[new])


def test_a_rewritten_history_is_not_consistent():
    forged = [*LEAVES[:40], tree.leaf_hash(b"forged"), *LEAVES[41:100]]
    rewritten = TileStore()
    rewritten.append(forged)
    path = proof.consistency_proof(60, 100, rewritten.reader())
    assert proof.verify_consistency(60, 100, path, tree.root(forged[:60]), tree.root(forged))
    assert not proof.verify_consistency(60, 100, path, ROOTS[60], tree.root(forged))


def test_the_empty_tree_is_extended_by_all_and_only_it_has_size_zero():
    assert proof.verify_consistency(0, 5, [], ROOTS[0], ROOTS[5])
    assert not proof.verify_consistency(0, 5, [], ROOTS[1], ROOTS[5])
    assert not proof.verify_consistency(0, 0, [], ROOTS[1], ROOTS[1])


@given(junk, junk, junk, st.lists(junk, max_size=4), junk, junk)
def test_junk_is_refused_without_an_exception(one, two, three, path, first, second):
    assert proof.verify_inclusion(three, one, two, path, first) is False
    assert proof.verify_consistency(one, two, path, first, second) is False


def test_what_the_tree_does_not_hold_can_not_be_asked_for():
    with pytest.raises(ValueError, match="not in a tree"):
        proof.inclusion_proof(5, 5, STORE.reader(5))
    with pytest.raises(ValueError, match="does not extend"):
        proof.consistency_proof(6, 5, STORE.reader(6))
    with pytest.raises(ValueError, match="no leaves"):
        proof.subtree_hash(3, 3, STORE.reader(5))


def _flip(path, data):
    number = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = bytearray(path[number])
    changed[bit // 8] ^= 1 << bit % 8
    return [*path[:number], bytes(changed), *path[number + 1 :]]

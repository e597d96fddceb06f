import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.merkle import proof, tile, tree
from app.merkle.tile import Tile
from tests.merkle.trees import TileStore, leaves

MANY = leaves(70_000)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(3, 999, 5), "tile/3/999.p/5"),
        (Tile(63, 1000, 255), "tile/63/x001/000.p/255"),
    ],
)
def test_a_path_is_spelled_as_in_tlog_tiles(key, path):
    assert key.path == path
    assert tile.parse_path(path) == key


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/67", "tile/0/x000/067", "tile/00/067", "tile/64/067", "tile/0/067.p/0", "tile/0/067.p/256", "tile/0/067.p/05",
        "tile/0/067.p/999", "tile/0/067\n", "tile/0/001/067", "tile/0/x067", "tile/-1/067", "/tile/0/067", "tile/0/٠٦٧", "tile/0/../067", "",
    ],
)  # fmt: skip
def test_another_spelling_names_no_tile(path):
    assert tile.parse_path(path) is None


@given(st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_every_tile_is_found_by_its_path(level, index, width):
    assert tile.parse_path(Tile(level, index, width).path) == Tile(level, index, width)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_batches_give_the_tree_and_the_tiles_of_the_definition(batches):
    store = TileStore()
    for count in batches:
        before = store.size
        made = store.append(MANY[before : before + count])
        assert sorted(made) == sorted(tile.tiles_of(before, store.size))
        assert proof.tree_root(store.size, store.reader()) == tree.root(MANY[: store.size])


def test_three_levels_of_tiles_carry_seventy_thousand_leaves():
    store = TileStore()
    started = time.perf_counter()
    for start in range(0, len(MANY), 10_000):
        store.append(MANY[start : start + 10_000])
    assert time.perf_counter() - started < 5
    assert max(store.tiles).level == 2
    root = proof.tree_root(store.size, store.reader())
    assert root == tree.root(MANY)
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        store.reads = 0
        path = proof.inclusion_proof(index, store.size, store.reader())
        assert store.reads <= 6
        assert proof.verify_inclusion(MANY[index], index, store.size, path, root)
    for old in (1, 255, 256, 257, 65_535, 65_536, 65_537):
        path = proof.consistency_proof(old, store.size, store.reader())
        assert proof.verify_consistency(old, store.size, path, tree.root(MANY[:old]), root)


def test_one_more_leaf_touches_one_tile_a_level():
    store = TileStore()
    store.append(MANY[:65_535])
    store.reads = 0
    assert sorted(store.append(MANY[65_535:65_536])) == [Tile(0, 255), Tile(1, 0), Tile(2, 0, 1)]
    assert store.reads == 2


def test_a_tile_cut_short_is_refused():
    store = TileStore()
    store.append(MANY[:300])
    store.tiles[Tile(0, 1, 44)] = store.tiles[Tile(0, 1, 44)][:-1]
    with pytest.raises(tile.TileDamaged, match=r"tile/0/001.p/44 has 1407 bytes"):
        store.append(MANY[300:301])
    with pytest.raises(tile.TileDamaged):
        proof.inclusion_proof(299, 300, store.reader())


def test_a_hash_of_another_length_is_no_leaf():
    with pytest.raises(ValueError, match="32 bytes"):
        tile.append([b"short"], 0, TileStore().read)


def test_an_incomplete_subtree_has_no_hash():
    store = TileStore()
    store.append(MANY[:300])
    with pytest.raises(ValueError, match="not complete"):
        store.reader()(8, 1)

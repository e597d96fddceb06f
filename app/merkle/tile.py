"""The tree kept as tiles of up to 256 hashes (C2SP tlog-tiles): files that are written once and cached for ever.

Tile (L, N) holds the hashes of level 8L from number 256N on, 32 bytes each, concatenated. A tile that is not full yet
is a *partial tile* with its width in its name, so that a larger one never overwrites it. This module computes; where
tiles are kept is the caller's `TileReader` and what the caller does with the result of `append`.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.merkle.proof import HashReader
from app.merkle.tree import HASH_SIZE, root

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

_MAX_LEVEL = 63
_CACHED_TILES = 64
_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


class Tile(NamedTuple):
    """Which tile: its level (counted in steps of 8), its number in that level, and how many hashes it holds (1 to 256)."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix: `tile/<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last with x."""
        groups = [f"{self.number % 1000:03d}"]
        rest = self.number // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{'/'.join(groups)}{partial}"


TileReader = Callable[[Tile], bytes]
"""Gives the bytes of a tile that the tree of the asked size must have; raises its own error when it cannot."""


class TileDamaged(ValueError):
    """A stored tile has another length than its width demands."""


def parse_path(path: str) -> Tile | None:
    """Return the tile that a path names, or None when it is not the one canonical spelling of a tile's path."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level, groups, last, width = match.groups()
    number = int(groups.replace("x", "").replace("/", "") + last)
    tile = Tile(int(level), number, int(width) if width else TILE_WIDTH)
    # Spelling it again catches what the pattern lets through: leading zero groups and a partial tile of full width.
    return tile if tile.path == path and tile.level <= _MAX_LEVEL and tile.width <= TILE_WIDTH else None


def append(leaf_hashes: Sequence[bytes], size: int, read_tile: TileReader) -> dict[Tile, bytes]:
    """Append leaves to the tree of `size` leaves; return every tile that the larger tree has and the smaller had not.

    Reads at most one partial tile per level; O(n + log size). Store the tiles before publishing a checkpoint of the
    new size. Raises TileDamaged when a stored tile is cut short, ValueError when a leaf hash is not 32 bytes.
    """
    if any(len(value) != HASH_SIZE for value in leaf_hashes):
        raise ValueError("a leaf hash has 32 bytes")
    tiles: dict[Tile, bytes] = {}
    level, hashes = 0, list(leaf_hashes)
    while hashes:
        number, width = divmod(size >> (level * TILE_HEIGHT), TILE_WIDTH)
        if width:
            hashes = _hashes(Tile(level, number, width), read_tile) + hashes
        completed = []
        for start in range(0, len(hashes), TILE_WIDTH):
            chunk = hashes[start : start + TILE_WIDTH]
            tiles[Tile(level, number, len(chunk))] = b"".join(chunk)
            if len(chunk) == TILE_WIDTH:
                completed.append(root(chunk))
            number += 1
        level, hashes = level + 1, completed
    return tiles


def hash_reader(read_tile: TileReader, size: int) -> HashReader:
    """Return a reader of subtree hashes over the tiles of the tree of `size` leaves.

    It keeps the last 64 tiles it read, so one proof reads each tile once: O(log size) tiles. Asking for a subtree that
    is not complete at this size raises ValueError.
    """
    cached = functools.lru_cache(maxsize=_CACHED_TILES)(functools.partial(_hashes, read_tile=read_tile))

    def read(level: int, index: int) -> bytes:
        if level < 0 or index < 0 or (index + 1) << level > size:
            raise ValueError(f"subtree {index} of level {level} is not complete in a tree of {size}")
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        number, offset = divmod(first, TILE_WIDTH)
        width = min(TILE_WIDTH, (size >> (tile_level * TILE_HEIGHT)) - number * TILE_WIDTH)
        return root(cached(Tile(tile_level, number, width))[offset : offset + (1 << height)])

    return read


def tiles_of(old_size: int, new_size: int) -> list[Tile]:
    """Return every tile that the tree of `new_size` leaves has and the tree of `old_size` had not, lowest level first."""
    tiles: list[Tile] = []
    level, end = 0, new_size
    while end:
        start = old_size >> (level * TILE_HEIGHT)
        # A level that gained no hash keeps the tile it had.
        numbers = range(start // TILE_WIDTH, -(-end // TILE_WIDTH) if end > start else 0)
        tiles.extend(Tile(level, number, min(TILE_WIDTH, end - number * TILE_WIDTH)) for number in numbers)
        level, end = level + 1, end >> TILE_HEIGHT
    return tiles


def _hashes(tile: Tile, read_tile: TileReader) -> list[bytes]:
    """Read a tile and cut it into its hashes."""
    content = read_tile(tile)
    if len(content) != tile.width * HASH_SIZE:
        raise TileDamaged(f"{tile.path} has {len(content)} bytes, not {tile.width * HASH_SIZE}")
    return [content[start : start + HASH_SIZE] for start in range(0, len(content), HASH_SIZE)]

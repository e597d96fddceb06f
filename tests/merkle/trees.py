"""Trees to test with: a tile store in memory, and readers of subtree hashes made from the definition."""

from app.merkle import tile, tree


class TileStore:
    """Tiles in memory that police the contract: no tile is ever overwritten with other bytes, each read is counted."""

    def __init__(self):
        self.tiles = {}
        self.size = 0
        self.reads = 0

    def read(self, key):
        self.reads += 1
        return self.tiles[key]

    def append(self, leaves):
        made = tile.append(leaves, self.size, self.read)
        for key, content in made.items():
            assert self.tiles.setdefault(key, content) == content
        self.size += len(leaves)
        return made

    def reader(self, size=None):
        return tile.hash_reader(self.read, self.size if size is None else size)


def leaves(count):
    return [tree.leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def reference_reader(hashes):
    def read(level, index):
        return tree.root(hashes[index << level : (index + 1) << level])

    return read

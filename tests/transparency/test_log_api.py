"""The log as a stranger mirrors it over HTTP: checkpoints, tiles, records, proofs."""

import base64
import hashlib
import json
from itertools import pairwise

import pytest

from app.merkle.note import Checkpoint, NoteKey, open_checkpoint, parse_vkey
from app.merkle.proof import consistency_proof, tree_root, verify_consistency, verify_inclusion
from app.merkle.tile import Tile, hash_reader, tiles_of
from app.merkle.tree import leaf_hash, root
from tests.signing.opened_round import OpenedRound, nip_of


async def log_key(a_round: OpenedRound) -> NoteKey:
    return parse_vkey((await a_round.service.http.get("/log/key")).text.strip())


async def checkpoint(a_round: OpenedRound) -> Checkpoint:
    """Publish what waits and return the checkpoint, its signature checked."""
    await a_round.service.run_jobs()
    note = await a_round.service.http.get("/log/checkpoint")
    return open_checkpoint(note.text, await log_key(a_round))[0]


async def mirror(a_round: OpenedRound, size: int) -> dict[Tile, bytes]:
    """Fetch every tile of the tree of a size."""
    tiles = {}
    for tile in tiles_of(0, size):
        reply = await a_round.service.http.get(f"/log/{tile.path}")
        assert reply.status_code == 200, tile.path
        tiles[tile] = reply.content
    return tiles


async def records(a_round: OpenedRound, size: int) -> list[bytes]:
    """Fetch the records of the tree, bundle by bundle."""
    found = []
    for start in range(0, size, 256):
        width = min(256, size - start)
        path = Tile(0, start // 256, width).path.replace("tile/0/", "tile/entries/")
        content = (await a_round.service.http.get(f"/log/{path}")).content
        while content:
            length = int.from_bytes(content[:2], "big")
            found.append(content[2 : 2 + length])
            content = content[2 + length :]
    return found


async def test_tiles_rebuild_the_root_and_records_hash_to_the_leaves(a_round: OpenedRound) -> None:
    await a_round.signed()
    seen = await checkpoint(a_round)
    tiles = await mirror(a_round, seen.size)
    assert tree_root(seen.size, hash_reader(tiles.__getitem__, seen.size)) == seen.root
    leaves = [leaf_hash(record) for record in await records(a_round, seen.size)]
    assert root(leaves) == seen.root
    assert b"".join(data for tile, data in tiles.items() if tile.level == 0) == b"".join(leaves)


async def test_a_signed_document_is_proven_in_the_log_before_and_after_its_seal(a_round: OpenedRound) -> None:
    device, receipts = await a_round.signed()
    kinds = []
    for _ in range(2):
        for receipt in receipts:
            proof = await device._call("GET", f"/documents/{receipt['id']}/proof")
            seen, _ = open_checkpoint(proof["checkpoint"], await log_key(a_round))
            hashes = [bytes.fromhex(h) for h in proof["hashes"]]
            record = base64.b64decode(proof["record"])
            assert leaf_hash(record).hex() == proof["leaf_hash"]
            assert seen.size == proof["size"]
            assert verify_inclusion(leaf_hash(record), proof["index"], seen.size, hashes, seen.root)
            assert not verify_inclusion(leaf_hash(record + b" "), proof["index"], seen.size, hashes, seen.root)
            file = await device.download(receipt["id"])
            assert json.loads(record)["digest"] == hashlib.sha256(file).hexdigest()
            kinds.append(json.loads(record)["kind"])
        await a_round.service.run_jobs()
    assert kinds == ["document.signed"] * 2 + ["document.sealed"] * 2


async def test_records_hold_nothing_personal(a_round: OpenedRound) -> None:
    await a_round.signed()
    nip = nip_of(1)
    person = await a_round.service.person(nip)
    seen = await checkpoint(a_round)
    for record in await records(a_round, seen.size):
        facts = json.loads(record)
        assert set(facts) <= {"at", "digest", "kind", "v", "who"}
        assert json.dumps(facts, sort_keys=True, separators=(",", ":")).encode() == record
        text = record.decode()
        assert not any(word in text for word in (person["id"], nip, person["name"].split()[0], "Dinas"))


async def test_publishing_without_new_facts_gives_the_same_checkpoint(a_round: OpenedRound) -> None:
    await checkpoint(a_round)
    first = await a_round.service.http.get("/log/checkpoint")
    await a_round.service.run_jobs()
    assert (await a_round.service.http.get("/log/checkpoint")).text == first.text


async def test_every_checkpoint_extends_the_one_before(a_round: OpenedRound) -> None:
    seen = [await checkpoint(a_round)]
    for _ in range(3):
        await a_round.signed()
        seen.append(await checkpoint(a_round))
    for old, new in pairwise(seen):
        assert old.size < new.size
        tiles = await mirror(a_round, new.size)
        proof = consistency_proof(old.size, new.size, hash_reader(tiles.__getitem__, new.size))
        assert verify_consistency(old.size, new.size, proof, old.root, new.root)
        assert not verify_consistency(old.size, new.size, proof, new.root, new.root)


@pytest.mark.parametrize(
    "path",
    [
        "0/001",
        "0/000",
        "1/000",
        "63/000",
        "64/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/255",
        "0/x000/000",
        "0/00",
        "00/000",
        "entries/001",
        "entries/000.p/255",
        "entries/0",
        "0/x999/x999/x999/x999/x999/x999/999",
        "entries/x999/x999/x999/x999/x999/x999/999",
    ],
)
async def test_a_tile_the_log_has_not_is_not_found(a_round: OpenedRound, path: str) -> None:
    assert (await a_round.service.http.get(f"/log/tile/{path}")).status_code == 404

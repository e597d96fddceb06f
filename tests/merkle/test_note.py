import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.merkle import note, tree
from app.merkle.note import Checkpoint, NoteKey, NoteRefused

# The example that the signed-note format has carried since it was first written down.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KNOWN = f"{TEXT}\n{SIGNATURE}"

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = NoteKey("log.example/pakta", PRIVATE.public_key().public_bytes_raw())
WITNESS_PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WITNESS = NoteKey("saksi.example", WITNESS_PRIVATE.public_key().public_bytes_raw())
CHECKPOINT = Checkpoint(LOG.name, 70_000, tree.leaf_hash(b"root"))


def code_of(action, *arguments):
    with pytest.raises(NoteRefused) as refused:
        action(*arguments)
    return refused.value.code


def test_the_known_note_opens():
    key = note.parse_vkey(VKEY)
    assert key.key_id.hex() == "c74f20a3"
    assert key.vkey == VKEY
    assert note.open_note(KNOWN, [key]) == note.Note(TEXT, (key,))


@given(st.integers(0, len(KNOWN) - 1), st.characters(min_codepoint=32, max_codepoint=0x2FFF))
def test_a_changed_character_is_refused(place, character):
    changed = KNOWN[:place] + character + KNOWN[place + 1 :]
    if changed != KNOWN:
        assert code_of(note.open_note, changed, [note.parse_vkey(VKEY)]).startswith("note.")


@given(st.text())
def test_junk_is_refused(junk):
    for action in (note.parse_vkey, note.parse_checkpoint, lambda text: note.open_note(text, [LOG])):
        assert code_of(action, junk)


def test_a_signed_checkpoint_opens_and_names_its_witnesses():
    signed = note.sign_checkpoint(CHECKPOINT, [(LOG, PRIVATE.sign), (WITNESS, WITNESS_PRIVATE.sign)])
    assert signed.startswith(
        "log.example/pakta\n70000\n" + base64.b64encode(CHECKPOINT.root).decode() + "\n\n— log.example/pakta "
    )
    checkpoint, opened = note.open_checkpoint(signed, LOG, [WITNESS])
    assert checkpoint == CHECKPOINT
    assert opened.signed_by == (LOG, WITNESS)
    assert note.open_checkpoint(signed, LOG)[1].signed_by == (LOG,)


def test_a_known_key_with_a_wrong_signature_spoils_the_note():
    signed = note.sign_note(TEXT, [(LOG, PRIVATE.sign), (WITNESS, PRIVATE.sign)])
    assert code_of(note.open_note, signed, [LOG, WITNESS]) == "note.signature"
    assert note.open_note(signed, [LOG]).signed_by == (LOG,)


def test_a_note_of_strangers_is_unsigned():
    signed = note.sign_note(TEXT, [(WITNESS, WITNESS_PRIVATE.sign)])
    assert code_of(note.open_note, signed, [LOG]) == "note.unsigned"


def test_a_checkpoint_must_be_signed_by_the_log_itself_under_its_own_name():
    assert (
        code_of(
            note.open_checkpoint, note.sign_checkpoint(CHECKPOINT, [(WITNESS, WITNESS_PRIVATE.sign)]), LOG, [WITNESS]
        )
        == "note.unsigned"
    )
    other = note.sign_checkpoint(Checkpoint("other.example", 1, CHECKPOINT.root), [(LOG, PRIVATE.sign)])
    assert code_of(note.open_checkpoint, other, LOG) == "checkpoint.origin"


@pytest.mark.parametrize("size", ["", "01", "-1", "+1", "1.0", " 1", "1e3", "٣", "9" * 20])
def test_a_size_has_one_spelling(size):
    assert (
        code_of(note.parse_checkpoint, f"log\n{size}\n{base64.b64encode(bytes(32)).decode()}\n")
        == "checkpoint.malformed"
    )


@pytest.mark.parametrize(
    "root", ["", "AAAA", base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(32)).decode()[:-2] + "B="]
)
def test_a_root_is_32_bytes_in_canonical_base64(root):
    assert code_of(note.parse_checkpoint, f"log\n1\n{root}\n") == "checkpoint.malformed"


def test_extension_lines_survive_and_empty_ones_are_refused():
    extended = Checkpoint("log", 3, bytes(32), ("ext one", "two"))
    assert note.parse_checkpoint(note.format_checkpoint(extended)) == extended
    assert code_of(note.format_checkpoint, Checkpoint("log", 3, bytes(32), ("a\nb",))) == "checkpoint.malformed"
    assert code_of(note.format_checkpoint, Checkpoint("log", 3, bytes(32), ("",))) == "checkpoint.malformed"


@pytest.mark.parametrize(
    "vkey",
    [
        VKEY.replace("c74f20a3", "c74f20a4"),
        VKEY[:-1],
        VKEY.replace("Peter", "Pet er"),
        "a+b",
        VKEY.replace("+AR", "+AB"),
    ],
)
def test_a_verifier_key_must_hash_to_its_own_id(vkey):
    assert code_of(note.parse_vkey, vkey) == "note.key"

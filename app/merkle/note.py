"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint) with Ed25519 keys (signature type 0x01).

A note is a text, an empty line, and one line per signature: an em dash, the key's name, and base64 of the four-byte key
ID and the signature. Reading is strict: what is not the one canonical form is refused. A checkpoint is a note whose
text names a log (its origin), the size of its tree and the root.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.merkle.tree import HASH_SIZE

_ED25519 = b"\x01"
_KEY_ID_SIZE = 4
_MAX_NOTE = 1_000_000
_MAX_SIGNATURES = 100
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")

Signer = Callable[[bytes], bytes]
"""Signs the bytes of a text with Ed25519 and returns 64 bytes; the private key may live anywhere."""


class NoteRefused(ValueError):
    """A note, key or checkpoint is malformed, or no known key vouches for it. `code` is stable, the sentence is not."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key that signs notes: the name it goes by and 32 bytes of Ed25519."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not _is_key_name(self.name) or len(self.public_key) != 32:
            raise NoteRefused("note.key", f"“{self.name}” is no key name, or the key is not 32 bytes")

    @property
    def key_id(self) -> bytes:
        """The four-byte key ID: the head of SHA-256(name || 0x0A || 0x01 || public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_SIZE]

    @property
    def vkey(self) -> str:
        """The verifier key as it is handed out: `name+hash+base64`."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public_key).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A note that at least one known key signed: its text (ends in a newline) and the keys whose signatures hold."""

    text: str
    signed_by: tuple[NoteKey, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state a log vouches for: its origin, how many leaves it has, their root, and extension lines if any."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def parse_vkey(vkey: str) -> NoteKey:
    """Return the key of a `name+hash+base64` string; raises NoteRefused unless the hash is that of the key."""
    parts = vkey.split("+", 2)
    encoded = _decode(parts[2]) if len(parts) == 3 else None
    if encoded is None or encoded[:1] != _ED25519:
        raise NoteRefused("note.key", "the verifier key is not name+hash+base64 of an Ed25519 key")
    key = NoteKey(parts[0], encoded[1:])
    if key.vkey != vkey:
        raise NoteRefused("note.key", "the verifier key's hash is not that of the key")
    return key


def sign_note(text: str, signers: Sequence[tuple[NoteKey, Signer]]) -> str:
    """Return the note of a text with one signature line per signer, in their order."""
    _require_text(text)
    return f"{text}\n" + "".join(_signature_line(key, signer(text.encode())) for key, signer in signers)


def open_note(note: str, keys: Iterable[NoteKey]) -> Note:
    """Return the text of a note and which of `keys` signed it.

    Signatures of unknown keys are passed over, as the standard demands (a witness may have added its own). A known key
    with a wrong signature, or no known key at all, raises NoteRefused: `note.signature`, `note.unsigned`; a malformed
    note raises `note.malformed`.
    """
    text, lines = _split_note(note)
    known = {(key.name, key.key_id): key for key in keys}
    signed_by: list[NoteKey] = []
    for line in lines:
        name, key_id, signature = _parse_signature_line(line)
        key = known.get((name, key_id))
        if key is None or key in signed_by:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text.encode())
        except InvalidSignature:
            raise NoteRefused("note.signature", f"the signature of {name} is not one of this text") from None
        signed_by.append(key)
    if not signed_by:
        raise NoteRefused("note.unsigned", "no known key signed this note")
    return Note(text, tuple(signed_by))


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Return the text of a checkpoint, to be signed: origin, size, root in base64, extensions; one line each."""
    root = base64.b64encode(checkpoint.root).decode()
    text = "".join(f"{line}\n" for line in (checkpoint.origin, str(checkpoint.size), root, *checkpoint.extensions))
    if parse_checkpoint(text) != checkpoint:
        raise NoteRefused("checkpoint.malformed", "a line of the checkpoint holds a newline")
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint of a note's text; raises NoteRefused `checkpoint.malformed` unless it is canonical."""
    _require_text(text)
    origin, *rest = text.removesuffix("\n").split("\n")
    if len(rest) < 2 or not origin or not all(rest) or not _DECIMAL.fullmatch(rest[0]):
        raise NoteRefused("checkpoint.malformed", "a checkpoint has an origin, a size and a root, and no empty line")
    root = _decode(rest[1])
    if root is None or len(root) != HASH_SIZE:
        raise NoteRefused("checkpoint.malformed", "the root is not the base64 of 32 bytes")
    return Checkpoint(origin, int(rest[0]), root, tuple(rest[2:]))


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[tuple[NoteKey, Signer]]) -> str:
    """Return the signed note of a checkpoint; the first signer should be the log itself, named as its origin."""
    return sign_note(format_checkpoint(checkpoint), signers)


def open_checkpoint(note: str, log_key: NoteKey, witnesses: Iterable[NoteKey] = ()) -> tuple[Checkpoint, Note]:
    """Return the checkpoint of a note that the log itself signed, and the note (it says which witnesses signed too).

    Raises NoteRefused as `open_note` and `parse_checkpoint` do; `checkpoint.origin` when it is another log's.
    """
    opened = open_note(note, [log_key, *witnesses])
    checkpoint = parse_checkpoint(opened.text)
    if log_key not in opened.signed_by:
        raise NoteRefused("note.unsigned", f"{log_key.name} did not sign this checkpoint")
    if checkpoint.origin != log_key.name:
        raise NoteRefused("checkpoint.origin", f"this is a checkpoint of {checkpoint.origin}, not of {log_key.name}")
    return checkpoint, opened


def _split_note(note: str) -> tuple[str, list[str]]:
    """Cut a note at its last empty line into its text and its signature lines."""
    text, separator, block = note.rpartition("\n\n")
    lines = block.removesuffix("\n").split("\n")
    if len(note) > _MAX_NOTE or not separator or not block.endswith("\n") or len(lines) > _MAX_SIGNATURES:
        raise NoteRefused("note.malformed", "a note is a text, an empty line, and signature lines")
    text += "\n"
    _require_text(text)
    return text, lines


def _parse_signature_line(line: str) -> tuple[str, bytes, bytes]:
    """Return the key's name, its ID and the signature."""
    match = _SIGNATURE_LINE.fullmatch(line)
    encoded = _decode(match[2]) if match else None
    if match is None or encoded is None or len(encoded) <= _KEY_ID_SIZE or not _is_key_name(match[1]):
        raise NoteRefused("note.malformed", "a signature line is an em dash, a name and base64")
    return match[1], encoded[:_KEY_ID_SIZE], encoded[_KEY_ID_SIZE:]


def _signature_line(key: NoteKey, signature: bytes) -> str:
    return f"— {key.name} {base64.b64encode(key.key_id + signature).decode()}\n"


def _require_text(text: str) -> None:
    """Refuse what may not be a note's text: no final newline, a control character, a lone surrogate."""
    forbidden = any((character < " " and character != "\n") or "\ud800" <= character <= "\udfff" for character in text)
    if not text.endswith("\n") or forbidden:
        raise NoteRefused("note.malformed", "the text does not end in a newline or holds a control character")


def _is_key_name(name: str) -> bool:
    printable = not any(
        character.isspace() or character < " " or "\ud800" <= character <= "\udfff" for character in name
    )
    return bool(name) and "+" not in name and printable


def _decode(text: str) -> bytes | None:
    """Decode canonical base64; None for anything else, unused bits set included."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None

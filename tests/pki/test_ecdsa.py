import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from app.pki import ecdsa
from app.pki.errors import PublicKeyRefused, SignatureMalformed
from app.pki.signing_key import LocalKey

NUMBERS = st.integers(1, ecdsa.ORDER - 1)


@given(NUMBERS, NUMBERS)
def test_both_forms_of_a_signature_carry_the_same_numbers(r, s):
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert ecdsa.der_from_raw(raw) == encode_dss_signature(r, s)
    assert ecdsa.raw_from_der(encode_dss_signature(r, s)) == raw


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (ecdsa.ORDER, 1), (1, ecdsa.ORDER), (1, 2**256 - 1)])
def test_numbers_out_of_range_are_refused_in_both_forms(r, s):
    with pytest.raises(SignatureMalformed):
        ecdsa.der_from_raw(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    with pytest.raises(SignatureMalformed):
        ecdsa.raw_from_der(encode_dss_signature(r, s))


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_raw_signature_of_another_size_is_refused(size):
    with pytest.raises(SignatureMalformed):
        ecdsa.der_from_raw(b"\1" * size)


def test_only_the_right_key_message_and_signature_verify(device):
    signature = device.sign(b"message")
    raw = ecdsa.raw_from_der(signature)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    other_spki = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert ecdsa.verify(device.spki, raw, b"message")
    assert ecdsa.verify_der(device.spki, signature, b"message")
    assert not ecdsa.verify(device.spki, raw, b"massage")
    assert not ecdsa.verify(other_spki, raw, b"message")
    assert not ecdsa.verify(device.spki, raw[:-1] + bytes([raw[-1] ^ 1]), b"message")
    assert not ecdsa.verify(device.spki, raw[:-1], b"message")


def test_a_signature_with_a_loose_length_does_not_verify(device):
    signature = device.sign(b"message")
    assert decode_dss_signature(signature)
    assert not ecdsa.verify_der(device.spki, b"\x30\x81" + signature[1:], b"message")
    assert not ecdsa.verify_der(device.spki, signature + b"\0", b"message")


def test_every_other_kind_of_public_key_is_refused(device):
    public = device.private.public_key()
    wide = ec.generate_private_key(ec.SECP384R1()).public_key()
    off_the_curve = device.spki[:-1] + bytes([device.spki[-1] ^ 1])
    compressed = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    others = [
        b"",
        device.spki + b"\0",
        device.spki[:-1],
        off_the_curve,
        compressed,
        public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        wide.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        ecdsa.SPKI_HEAD + bytes(64),
    ]
    assert ecdsa.public_key(device.spki) == public
    for spki in others:
        with pytest.raises(PublicKeyRefused):
            ecdsa.public_key(spki)


def is_read(signature: bytes) -> bool:
    try:
        ecdsa.raw_from_der(signature)
    except SignatureMalformed:
        return False
    return True


@given(NUMBERS, NUMBERS, st.integers(0, 71), st.integers(0, 255))
def test_the_pattern_of_a_signature_knows_what_the_reader_takes(r, s, position, value):
    signature = encode_dss_signature(r, s)
    assert ecdsa.is_strict(signature)
    changed = signature[:position] + bytes([value]) + signature[position + 1 :]
    assert ecdsa.is_strict(changed) == is_read(changed)


@pytest.mark.parametrize("edge", [1, 127, 128, 2**247, 2**248 - 1, 2**248, 2**255 - 1, 2**255, ecdsa.ORDER - 1])
def test_numbers_at_every_edge_are_strict_and_those_beyond_the_order_are_not(edge):
    for pair in ((edge, 5), (5, edge), (edge, 2**255), (2**254, edge), (edge, edge)):
        assert ecdsa.is_strict(encode_dss_signature(*pair))
    for beyond in (0, ecdsa.ORDER, ecdsa.ORDER + edge, 2**256 - 1):
        for pair in ((edge, beyond), (beyond, edge), (2**255, beyond), (beyond, 2**255)):
            assert not ecdsa.is_strict(encode_dss_signature(*pair))


def test_every_changed_octet_of_a_signature_is_judged_as_the_reader_does(device):
    for signature in (device.sign(bytes([n])) for n in range(8)):
        for position in range(len(signature)):
            for bit in range(8):
                changed = bytearray(signature)
                changed[position] ^= 1 << bit
                assert ecdsa.is_strict(bytes(changed)) == is_read(bytes(changed))
        for other in (signature[:-1], signature + b"\0", signature[1:], b""):
            assert not ecdsa.is_strict(other)


def test_a_repeatable_key_signs_the_same_data_the_same_way(device):
    repeatable = LocalKey(device.private, repeatable=True)
    assert repeatable.sign(b"message") == repeatable.sign(b"message") != repeatable.sign(b"massage")
    assert ecdsa.verify_der(device.spki, repeatable.sign(b"message"), b"message")
    assert device.sign(b"message") != device.sign(b"message")

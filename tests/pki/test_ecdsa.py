import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from app.pki import ecdsa
from app.pki.errors import PublicKeyRefused, SignatureMalformed

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

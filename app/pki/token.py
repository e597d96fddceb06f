"""Tokens behind PKCS #11 (v2.40): one pool of logged-in sessions for each, made anew after a fork or a fault.

A session belongs to one thread at a time, so it is borrowed and given back. The library is told that several threads call
it (CKF_OS_LOCKING_OK): python-pkcs11 by itself tells it the opposite.
"""

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock, RLock
from typing import Any

import pkcs11
from pkcs11 import exceptions as p11

from app.pki.errors import ModuleMissing, ObjectMissing, PinRefused, TokenFault, TokenLost, TokenMissing
from app.pki.pkcs11_uri import TokenPlace

REST_SECONDS = 1.0  # a token that failed is not asked again sooner: its own time-outs may be long
_ALREADY_INITIALIZED = 0x191
_OS_LOCKING_OK = 2
_libraries: dict[str, "_Library"] = {}
_opening = RLock()


class _InitializeArgs(ctypes.Structure):
    _fields_ = (("mutex", ctypes.c_void_p * 4), ("flags", ctypes.c_ulong), ("reserved", ctypes.c_void_p))


class _FunctionList(ctypes.Structure):
    """The head of CK_FUNCTION_LIST (clause 3.6): its first two functions."""

    _fields_ = (
        ("version", ctypes.c_ubyte * 2),
        ("initialize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
        ("finalize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
    )


@dataclass
class _Library:
    """A loaded module, the process it was initialized in, and how often it was."""

    wrapped: Any
    functions: _FunctionList
    process: int = 0
    starts: int = 0

    def start(self) -> None:
        """Initialize for many threads; all sessions of before are gone."""
        if self.wrapped.initialized:
            self.wrapped.finalize()
        self.functions.finalize(None)
        arguments = _InitializeArgs(flags=_OS_LOCKING_OK)
        answer = self.functions.initialize(ctypes.byref(arguments))
        if answer not in (0, _ALREADY_INITIALIZED):
            raise ModuleMissing(f"Pustaka PKCS#11 menolak dimulai (0x{answer:x}). Periksa konfigurasinya.")
        self.process, self.starts = os.getpid(), self.starts + 1


def library(module: str) -> Any:
    """The module as python-pkcs11 knows it, ready in this process. Raises `ModuleMissing`."""
    return _started(module).wrapped


def restart(module: str) -> Any:
    """The module started again, so that it sees tokens that came or went; every session of this process ends."""
    with _opening:
        found = _started(module)
        found.start()
    return found.wrapped


def _started(module: str) -> _Library:
    with _opening:
        if module not in _libraries:
            try:
                wrapped = pkcs11.lib(module)
                _libraries[module] = _Library(wrapped, _functions(module))
            except (p11.PKCS11Error, OSError, RuntimeError, AttributeError) as error:
                raise ModuleMissing(
                    f"Pustaka PKCS#11 {module} tidak dapat dimuat. Pasang pustakanya, atau perbaiki PAKTA_PKCS11_MODULE."
                ) from error
        found = _libraries[module]
        if found.process != os.getpid():
            found.start()
        return found


def _functions(module: str) -> _FunctionList:
    listed = ctypes.POINTER(_FunctionList)()
    ctypes.CDLL(module).C_GetFunctionList(ctypes.byref(listed))
    return listed.contents


@dataclass
class Borrowed:
    """A session lent to one thread, and the objects its borrowers found in it before."""

    session: Any
    found: dict[Any, Any] = field(default_factory=dict)


@dataclass
class _Pool:
    """Idle sessions of one start of the library, and the one that logged the process in.

    python-pkcs11 binds the login to the session it opened with it, whose end would log all the others out (clause 2.6.8).
    """

    idle: list[Borrowed] = field(default_factory=list)
    start: int = 0
    login: Any = None


class Token:
    """One token: its sessions are shared by everything in this process that names it."""

    def __init__(self, place: TokenPlace) -> None:
        self._place = place
        self._pool = _Pool()
        self._lock = Lock()
        self._failed_at = -REST_SECONDS
        self._fault: TokenFault = TokenLost("Token PKCS#11 tidak menjawab.")
        self._refused: PinRefused | None = None

    @contextmanager
    def session(self, *, writing: bool = False) -> Iterator[Borrowed]:
        """Lend a logged-in session; one in which something failed is thrown away. Raises `TokenFault`."""
        borrowed = self._take(writing=writing)
        try:
            yield borrowed
        except BaseException:
            _close(borrowed.session)
            raise
        with self._lock:
            if not writing and self._pool.start == _libraries[self._place.module].starts:
                self._pool.idle.append(borrowed)
                return
        _close(borrowed.session)

    def renew(self) -> None:
        """Begin anew after a fault: the library is started again, which alone makes it look for its tokens again.

        Every session in this process ends, also those of others: they fail once and open a new one.
        """
        with _opening:
            found = _started(self._place.module)
            if found.starts == self._pool.start:
                found.start()

    def rest(self, fault: TokenFault) -> None:
        """Note that the token failed twice: it is left alone for a moment, in which everybody gets this answer."""
        self._fault, self._failed_at = fault, time.monotonic()

    def mechanism_exists(self, mechanism: Any) -> bool:
        """Whether the token can do this."""
        return mechanism in _find(library(self._place.module), self._place).slot.get_mechanisms()

    def _take(self, *, writing: bool) -> Borrowed:
        if time.monotonic() - self._failed_at < REST_SECONDS:
            raise type(self._fault)(str(self._fault))
        if self._refused is not None:  # a module locks itself after a few wrong PINs: this process asks once
            raise PinRefused(str(self._refused))
        found = _started(self._place.module)
        with self._lock:
            if self._pool.start != found.starts:
                self._pool = _Pool(start=found.starts)
            if self._pool.idle and not writing:
                return self._pool.idle.pop()
            token = _find(found.wrapped, self._place)
            if self._pool.login is None:
                try:
                    self._pool.login = _log_in(token, self._place)
                except PinRefused as refused:
                    self._refused = refused
                    raise
            return Borrowed(token.open(rw=writing))


def _close(session: Any) -> None:
    with suppress(p11.PKCS11Error, RuntimeError):
        session.close()


def _find(module: Any, place: TokenPlace) -> Any:
    found = [
        token
        for slot in module.get_slots(token_present=True)
        if (token := slot.get_token())
        and (not place.token or token.label == place.token)
        and (not place.serial or token.serial.decode("ascii", "replace") == place.serial)
    ]
    if len(found) != 1:
        how = "tidak ditemukan" if not found else "lebih dari satu"
        raise TokenMissing(f"Token PKCS#11 {place.token or place.serial} {how}. Sambungkan, atau perbaiki alamatnya.")
    return found[0]


def _log_in(token: Any, place: TokenPlace) -> Any:
    """Log the process in; returns the session that did, or True where something else in the process has."""
    if not place.pin:
        raise PinRefused("PIN token PKCS#11 kosong. Isi PAKTA_PKCS11_KEYS_PIN, atau pin-source= pada alamatnya.")
    try:
        return token.open(user_pin=place.pin)
    except p11.UserAlreadyLoggedIn:
        return True
    except (p11.PinIncorrect, p11.PinLocked, p11.PinLenRange, p11.PinInvalid, p11.PinExpired) as error:
        locked = " PIN sudah terkunci." if isinstance(error, p11.PinLocked) else ""
        raise PinRefused(
            f"Token PKCS#11 {place.token or place.serial} menolak PIN.{locked} Periksa PAKTA_PKCS11_KEYS_PIN."
        ) from None
    except p11.UserPinNotInitialized:
        raise PinRefused("PIN token PKCS#11 belum dibuat. Siapkan tokennya terlebih dahulu.") from None


@lru_cache(maxsize=32)
def token_of(module: str, token: str, serial: str, pin: str) -> Token:
    """The token of these names in this process."""
    return Token(TokenPlace(module, token, serial, "", b"", pin))


def is_lost(error: Exception) -> bool:
    """Whether a fault may pass when the session or the library begins anew."""
    return isinstance(error, p11.PKCS11Error | TokenMissing | ObjectMissing | TokenLost) and not isinstance(
        error, PinRefused
    )


def lost(place: TokenPlace, error: Exception) -> TokenFault:
    """The fault in our words; what the library says beyond its name is left out."""
    if isinstance(error, TokenFault):
        return error
    return TokenLost(
        f"Token PKCS#11 tidak dapat menandatangani ({place.shown}, {type(error).__name__}). Sambungkan kembali tokennya."
    )

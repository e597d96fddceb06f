"""How a refusal is told on a terminal."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import AppError, CannotStart
from app.core.texts import text
from app.pki.errors import PkiFault


def report(error: AppError | CannotStart, *, as_json: bool = False) -> None:
    """Print a refusal to stderr: its sentence, what to do, and its code."""
    if isinstance(error, CannotStart):
        print(str(error), file=sys.stderr)
        return
    sentence = text(error.code, **error.params)
    remedy = text(f"{error.code}.remedy", **error.params)
    if as_json:
        print(json.dumps({"error": {"code": error.code, "message": sentence, "params": error.params}}, default=str))
        return
    print(sentence, file=sys.stderr)
    if remedy != f"{error.code}.remedy":
        print(remedy, file=sys.stderr)
    print(f"({error.code})", file=sys.stderr)


@contextmanager
def keys_told() -> Iterator[None]:
    """Faults of keys as what the operator reads."""
    try:
        yield
    except PkiFault as fault:
        raise CannotStart(f"{fault} ({fault.code})") from fault

"""A measuring process of `pakta bench seal`: round, level, the obligation before its first (or nothing) and how many."""

import sys
from importlib import import_module
from uuid import UUID

import uvloop

from app.core.memory import loading

with loading():
    work = import_module("app.cli.bench_seal").work

if __name__ == "__main__":
    _, round_id, level, after, count = sys.argv
    uvloop.run(work(UUID(round_id), level, UUID(after) if after else None, int(count)))

"""A router that requests for other addresses pass by.

FastAPI asks one router after the other, and each one's every route, whether it answers an address: with some two hundred routes that is more
than a short answer costs. One expression for all addresses of a noun tells at once that it has none.
"""

import re
from collections.abc import MutableMapping
from typing import Any

from fastapi import APIRouter
from starlette.routing import Match, Route

PREFIX = "/api/v1"
"""Where the REST API lies; `app/api.py` puts every noun's routes under it."""
_NAME = re.compile(r"\?P<\w+>")


class Router(APIRouter):
    """The routes of a noun, under `PREFIX` or beside it."""

    _answered: re.Pattern[str] | None = None

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        """Say whether a route answers the request, without asking any when none has its address."""
        if self._answered is None:
            self._answered = self._addresses()
        if self._answered.match(scope.get("path", "").removeprefix(PREFIX)) or scope.get("root_path"):
            return super().matches(scope)
        return Match.NONE, {}

    def _addresses(self) -> re.Pattern[str]:
        """One expression for what any of the routes answers; of what is no plain route, nothing is known and all let through."""
        known = [_NAME.sub("", one.path_regex.pattern) if isinstance(one, Route) else "" for one in self.routes]
        return re.compile("|".join(known))

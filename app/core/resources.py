"""What is built once when a process starts (clock, database, keys, blob store …), found by its type at every edge."""

from typing import Any, TypeVar

T = TypeVar("T")


class Resources:
    """A small table type -> instance. HTTP routes, jobs and commands are all given the same one."""

    def __init__(self) -> None:
        self._held: dict[type[Any], Any] = {}

    def add(self, kind: type[T], instance: T) -> None:
        """Keep an instance under a type (a Protocol or a class)."""
        self._held[kind] = instance

    def get(self, kind: type[T]) -> T:
        """Return the instance kept under a type; a missing one is a mistake in the wiring and raises KeyError."""
        found: T = self._held[kind]
        return found

"""What the ways of signing are called where people choose one."""

from dataclasses import dataclass

from app.core.texts import catalogue, text
from app.signing.providers.registry import Providers


@dataclass(frozen=True)
class Way:
    """A way of signing beside the person's own device: the provider's name, and what it is called."""

    provider: str
    name: str


def way_name(provider: str, language: str) -> str:
    """Return what a provider is called: dialects of one service by the same name."""
    key = f"way.{provider.partition('-')[0]}"
    return text(key, language) if key in catalogue(language) else provider


def seen(reason: str, language: str) -> str:
    """Return in words what was seen of a call whose end is unknown; `reason` as the call's row has it."""
    for key in (f"seen.{reason}", f"seen.{reason.partition('_')[0]}"):
        if key in catalogue(language):
            return text(key, language, number=reason.rpartition("_")[2])
    return text("seen.other", language)


def ways_elsewhere(providers: Providers, language: str) -> list[Way]:
    """Return the ways that are on and have no ceremony of their own, in the order of the settings; one for each name."""
    found: dict[str, Way] = {}
    for traits in providers.traits:
        if not traits.own_ceremony:
            name = way_name(traits.name, language)
            found.setdefault(name, Way(traits.name, name))
    return list(found.values())

"""Mounts the thin web client."""

from fastapi import FastAPI


def install(app: FastAPI) -> None:
    """Add the pages to the application."""

"""What a server process of `pakta serve` loads: nothing here but the way to it, so that all the rest is loaded undisturbed."""

from importlib import import_module

from fastapi import FastAPI

from app.core.memory import loading


def create() -> FastAPI:
    """Return the application."""
    with loading():
        app: FastAPI = import_module("app.main").create_served_app()
    return app

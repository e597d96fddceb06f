"""`python -m app`."""

from importlib import import_module

from app.core.memory import loading

with loading():
    main = import_module("app.cli.main").main

main()

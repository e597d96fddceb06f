"""The command line: typer commands over the same services the API calls."""

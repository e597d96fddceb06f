"""A signer's device in software, speaking the public API only: for the demonstration, the command line and the tests."""

"""Browsers a person has signed in with before, and the code that is asked in every other one."""

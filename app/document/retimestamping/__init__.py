"""Renewal of archive time stamps: sealed documents get a further one before the TSA's certificate is over."""

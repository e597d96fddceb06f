"""The keys of the service and what is made with them: a local certificate authority, CAdES signatures, time stamps, CRLs.

An engine: it knows no database, no web and no settings; the clock and the passphrase are handed in.
"""

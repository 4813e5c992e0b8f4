"""The only code that accesses the legacy database, and it can only read.

`reader.open_source` is the only entry point: it checks the alias, the account and the tables, opens
one snapshot and returns immutable rows. Nothing here imports a model or a rule.
"""

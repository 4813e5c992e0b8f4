"""The only code that touches the legacy database, and it can only read.

`reader.open_source` is the one door: it checks the alias, the account and the tables, opens one
snapshot and hands out plain frozen rows. Nothing here imports a model or a rule.
"""

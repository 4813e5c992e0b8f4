"""The review queue: which rows wait, how many of what, one row in full, and what is decided of it.

Contacts leave this package masked.
"""

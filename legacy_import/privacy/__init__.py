"""Contacts: purge of a run, erasure of one person, contacts in free text."""

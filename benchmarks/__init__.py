"""Measurements, run by hand (`make bench`, `make matching`); the tests never time anything."""

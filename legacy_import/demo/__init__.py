"""The fictional legacy database: fictional people with realistic errors, identical for the same seed."""

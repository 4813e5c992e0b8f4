"""The fictional legacy database: invented people, real-life dirt, the same for the same seed."""

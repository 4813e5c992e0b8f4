"""The review queue: its list and filters, one row in full, and the decisions about rows."""

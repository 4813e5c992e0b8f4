"""The read side of the mapping screens."""

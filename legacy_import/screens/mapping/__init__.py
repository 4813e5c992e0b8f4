"""The lists of courses and sessions, and the decisions about each of them."""

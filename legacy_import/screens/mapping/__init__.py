"""The lists of courses and sessions, and what is said of one of them."""

"""Courses and sessions of the old platform, what people said of them, and what a row means by them."""

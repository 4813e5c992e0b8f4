"""Courses and sessions of the old platform, decisions about them, and what they mean for a row."""

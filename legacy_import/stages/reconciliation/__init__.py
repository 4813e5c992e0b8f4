"""Proof that source rows, staged rows, log entries and records balance."""

"""Masked exports of a run: CSV and JSON."""

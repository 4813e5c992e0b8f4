"""Chunks, their receipts, and the two engines: inline and Celery. No stage is known here."""

"""Chunks, their receipts, and the two engines: inline and Celery. Imports no stage."""

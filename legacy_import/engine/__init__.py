"""Chunks, their receipts, and the two engines that have them worked: inline and Celery. No stage is known here."""

"""The life of a run: start, lease, progress, stored counts, overview, close. No stage is known here."""

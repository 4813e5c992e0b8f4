"""The life of a run: start, lease, progress, stored counts, overview, close. Imports no stage."""

"""8 rollback: what the run created and no one touched since."""

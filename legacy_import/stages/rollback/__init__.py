"""8 rollback: only records that the run created and no one changed since."""

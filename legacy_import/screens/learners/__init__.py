"""Every row of a run, filtered, searched, paged, masked."""

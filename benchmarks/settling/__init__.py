"""What waits for people, before and after everything was settled on the mapping pages."""

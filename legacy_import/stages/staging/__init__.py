"""3 stage: every source row becomes one staged row."""

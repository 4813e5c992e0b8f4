"""Speed and memory of commit and rollback, and the rows that they are measured with."""

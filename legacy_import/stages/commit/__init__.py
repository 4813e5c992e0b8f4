"""7 commit: exactly the plan, batch by batch; rows that changed since the plan are not committed."""

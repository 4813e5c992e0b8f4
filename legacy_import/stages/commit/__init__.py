"""7 commit: what the plan says, batch by batch; changed rows are left out."""

"""6 plan: what a commit would do, and why."""

"""The list of runs, one run, and its operations: plan, commit, roll back, reconcile."""

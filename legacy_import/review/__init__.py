"""The work of reviewers: filters, counts, search, decisions about one or many rows, reveals."""

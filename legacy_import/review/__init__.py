"""What reviewers decide: decisions, bulk, filters, counts, search, saved filters, reveal."""

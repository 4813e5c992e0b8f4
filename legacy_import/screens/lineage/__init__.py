"""From a record to its row, rules, decisions and log entries, and back."""

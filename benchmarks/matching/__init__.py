"""How well the import tells people apart, measured on fictional learners."""

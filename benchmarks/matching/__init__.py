"""How well `legacy_import.rules.duplicates` tells people apart, measured on fictional learners."""

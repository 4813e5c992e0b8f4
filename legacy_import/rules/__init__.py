"""Pure functions and tables: no queries, no clock, no settings. What each one decides, it names."""

# Raise it with every change of a rule's answer: plans made under another version are not current.
RULES_VERSION = 3

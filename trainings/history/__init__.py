"""The history of former learners: found by name or contact, one page per learner."""

"""5 classify: what a row means in business terms, and what follows for its training."""

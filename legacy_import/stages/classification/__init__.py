"""5 classify: what a row means, and what its training asks for."""

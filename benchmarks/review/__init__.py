"""How long a row takes in the review queue: measured in a browser, by keyboard alone."""

"""What all pages share: how they are refused, redirected, stored and, when interrupted, kept."""

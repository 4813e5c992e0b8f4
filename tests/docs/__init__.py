"""The pages repeat the code: their tables are made from it, and compared with it."""

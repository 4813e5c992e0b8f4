"""Who is who: keys, shared keys, candidate pairs, matching, groups, and the people of the platform."""

"""Who is who: keys, shared keys, candidate pairs, matching, groups, who was ruled out. Reads the platform."""

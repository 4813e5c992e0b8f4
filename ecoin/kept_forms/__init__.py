"""What a user entered in a form is kept: over the end of a session, and over a refusal."""

"""4 validate: is a row structurally trustworthy, and who might it be?"""

"""Moments in Arabic, day first. Django has none for this language and writes the American ones.

The marks keep the parts of a date in order inside right-to-left text, as in Django's SHORT_DATE_FORMAT.
"""

TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j F Y H:i"
SHORT_DATETIME_FORMAT = "d\u200f/m\u200f/Y H:i"

"""Days and moments in Arabic, day first, as Algeria writes them: 30/11/2026.

Django has American moments for this language, and marks in its days that turn them round on a
right-to-left page: 2026/11/30.
"""

TIME_FORMAT = "H:i"
DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y H:i"
SHORT_DATE_FORMAT = "d/m/Y"
SHORT_DATETIME_FORMAT = "d/m/Y H:i"

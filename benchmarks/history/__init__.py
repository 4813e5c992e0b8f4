"""How fast a former learner is found: `python -m benchmarks.history` (search.py)."""

from benchmarks.history.search import ASKED, SMALL_SCHOOL, Question, show, write_records

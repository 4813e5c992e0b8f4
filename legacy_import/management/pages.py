"""Addresses of the screens, as commands print them.

Written out, since `reverse` loads every view of the platform, which takes longer than many a command.
A test compares them with the addresses of the views.
"""

RUNS_PAGE = "/admin/legacy-imports"
REVIEW_PAGE = f"{RUNS_PAGE}/review"

# Kind of mapping → its page.
MAPPING_PAGES = {
    "sessions": f"{RUNS_PAGE}/session-mapping",
    "courses": f"{RUNS_PAGE}/course-mapping",
    "statuses": f"{RUNS_PAGE}/status-mapping",
}

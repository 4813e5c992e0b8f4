"""How gunicorn serves the platform: `gunicorn` in this folder finds this file (docs/production.md).

WEB_CONCURRENCY (processes), FORWARDED_ALLOW_IPS (proxies elsewhere) and PORT come from the environment.
"""

import multiprocessing
import os

wsgi_app = "ecoin.wsgi:application"
bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", min(2 * multiprocessing.cpu_count() + 1, 9)))
threads = 2
timeout = 120  # a batch of a commit, started from its page, ends well before
graceful_timeout = 30
max_requests = 2_000
max_requests_jitter = 200
control_socket_disable = True  # one more door that nobody uses
accesslog = "-"
# The path without its question: what people search for belongs in no log.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'

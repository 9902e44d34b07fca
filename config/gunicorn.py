"""gunicorn's configuration: two processes with threads, so that a slow provider blocks one thread only."""

import ssl

from config.environment import read
from config.server import bounds, tls
from config.variables import ConfigurationRefused

try:
    env = read()
    tls.check(env)
except ConfigurationRefused as refused:
    raise SystemExit(str(refused)) from None

bind = f"127.0.0.1:{env.port}" if env.is_development else f"0.0.0.0:{env.port}"
worker_class = "config.server.worker.Worker"  # gunicorn's threads, which get only complete requests (ADR 29)
workers = 2
preload_app = True  # what is loaded before the fork is shared; config.wsgi opens no connection
threads = 10
graceful_timeout = 10  # seconds for requests in progress at shutdown
timeout = 60
limit_request_line = 0  # config.server has limits of its own, since gunicorn's highest limit is too low for us
limit_request_fields = bounds.MOST_FIELDS
limit_request_field_size = bounds.LONGEST_FIELD
http_parser = "python"  # the same one everywhere, whatever else is installed
keepalive = 5
control_socket_disable = True
forwarded_allow_ips = ""  # only config.proxies evaluates forwarding headers

certfile, keyfile, ca_certs = (path or None for path in (env.tls_certificate, env.tls_key, env.client_certificate_ca))
cert_reqs = ssl.CERT_OPTIONAL if ca_certs else ssl.CERT_NONE  # people have none; a wrong one ends the handshake

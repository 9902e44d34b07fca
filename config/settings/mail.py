"""The mail server, and the sender of mails."""

from urllib.parse import urlsplit

from config import mail
from config.settings.env import ENV
from foundation.hosts import is_loopback

_host = urlsplit(ENV.base_url).hostname or ""

CAN_SEND_MAIL = bool(ENV.mail_url)
DEFAULT_FROM_EMAIL = ENV.email_from or f"no-reply@{'localhost' if is_loopback(_host) else _host}"
SERVER_EMAIL = DEFAULT_FROM_EMAIL

_way = mail.read(ENV.mail_url)
EMAIL_BACKEND = _way.backend
EMAIL_HOST = _way.host
EMAIL_PORT = _way.port
EMAIL_HOST_USER = _way.user
EMAIL_HOST_PASSWORD = _way.password
EMAIL_USE_SSL = _way.speaks_tls
EMAIL_USE_TLS = _way.starts_tls
EMAIL_TIMEOUT = 10  # seconds for each step of talking to the mail server

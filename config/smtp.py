"""SMTP to exactly the given recipient: Django would encode some addresses into those of other people."""

from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp
from django.core.mail.message import sanitize_address

from foundation.canonical_email import for_mail


class SMTPEmailBackend(smtp.EmailBackend):
    """Encodes recipients' domains by IDNA 2008, and sends local parts beyond ASCII by RFC 6531.

    Django uses IDNA 2003, which turns ``straße`` into ``strasse``, a domain of another owner, and encoded words
    (RFC 2047), which are not valid in addresses.
    """

    def _send(self, email_message: EmailMessage) -> bool:
        """Raises NotAnEmail, and SMTPNotSupportedError where the mail server cannot send to such a recipient."""
        receivers = [for_mail(address) for address in email_message.recipients()]
        if not receivers:
            return False
        options = [] if all(receiver.isascii() for receiver in receivers) else ["SMTPUTF8"]
        sender = sanitize_address(email_message.from_email, "utf-8")
        content = email_message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # Django's own message
        assert self.connection is not None  # noqa: S101  # send_messages has opened it
        try:
            self.connection.sendmail(sender, receivers, content, mail_options=options)
        except SMTPException:
            if not self.fail_silently:
                raise
            return False
        return True

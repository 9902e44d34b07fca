"""SMTP to exactly the receiver that is meant: Django would encode addresses so that they become other people's."""

from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp
from django.core.mail.message import sanitize_address

from foundation.canonical_email import for_mail


class SMTPEmailBackend(smtp.EmailBackend):
    """Django's, with the receivers' domains by IDNA 2008, and letters beyond ASCII before the ``@`` by RFC 6531.

    Django takes IDNA 2003, where ``straße`` is the ``strasse`` of another owner, and encoded words (RFC 2047), which
    are no addresses at all.
    """

    def _send(self, email_message: EmailMessage) -> bool:
        """Raises SMTPNotSupportedError where the mail server cannot write to such a receiver, and NotAnEmail."""
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

"""Whose an issuer is: the site's or one tenant's, never that of two (ADR 71).

The database decides it. To ask before saving is for the form: whoever is faster at the same moment is noticed too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Func, Q, Value
from django.utils.translation import gettext_lazy as _

from providers.models import Connection, UpstreamIssuer
from providers.models.connection import CANONICAL_ISSUER
from tenancy import site_context

TRIGGER = "issuer_of_one_owner"
TAKEN = _("This issuer cannot be used here, because it is in use elsewhere on this site. Ask whoever runs the site.")


def check_owner(issuer: str, tenant_id: UUID | None) -> None:
    """Raise ValidationError if an issuer, however it is spelt, is in a row of another owner. It does not tell whose."""
    if _is_of_another(issuer, tenant_id):
        raise ValidationError({"issuer": TAKEN})


@contextmanager
def one_owner() -> Iterator[None]:
    """Save a row with an issuer. Raises ValidationError if another owner was faster."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as clash:
        if getattr(getattr(clash.__cause__, "diag", None), "constraint_name", "") != TRIGGER:
            raise
        raise ValidationError({"issuer": TAKEN}) from clash


def _is_of_another(issuer: str, tenant_id: UUID | None) -> bool:
    is_ours = Q(tenant_id=tenant_id) if tenant_id else Q(tenant=None)
    canonical = Func(Value(issuer), function="public.canonical_issuer")
    with site_context("whether an issuer belongs to somebody else, a yes or no"):
        return any(
            model._default_manager.annotate(canonical=CANONICAL_ISSUER)  # noqa: SLF001  # Django documents it
            .filter(canonical=canonical)
            .exclude(is_ours)
            .exists()
            for model in (Connection, UpstreamIssuer)
        )

from django.conf import settings
from django.db import models

from tenancy import PersonOwned, TenantOwned


class Note(TenantOwned):
    text = models.TextField()

    def __str__(self) -> str:
        return self.text


class Post(PersonOwned):
    text = models.TextField()

    def __str__(self) -> str:
        return self.text


class Key(TenantOwned):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    secret = models.TextField(editable=False)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.user} in {self.tenant}"

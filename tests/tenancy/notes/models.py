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

"""A plain model and one with personal and secret columns, each with a twin that is not audited."""

from uuid import uuid4

from django.db import models


class AnItem(models.Model):
    name = models.CharField(max_length=100)
    note = models.TextField()
    price = models.IntegerField()
    is_offered = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class ACustomer(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=100)
    email = models.EmailField()
    password = models.CharField(max_length=128)
    visits = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Item(AnItem):
    pass


class ItemTwin(AnItem):
    pass


class Customer(ACustomer):
    pass


class CustomerTwin(ACustomer):
    pass

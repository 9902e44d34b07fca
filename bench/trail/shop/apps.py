"""The app configuration of the shop."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "bench.trail.shop"
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"

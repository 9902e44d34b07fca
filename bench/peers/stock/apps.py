"""The app configuration of the stock peer."""

from django.apps import AppConfig


class StockConfig(AppConfig):
    name = "bench.peers.stock"
    label = "stock"

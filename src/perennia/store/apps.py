from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "perennia.store"
    label = "store"

"""People who work for a business. Subscribers are customers, never users."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from perennia.store.tables.columns import check, instant, key, table, text, unique, word


class User(AbstractBaseUser):
    """A person who signs in; the mail address is the name."""

    id = models.UUIDField(primary_key=True)
    email = models.EmailField(unique=True)
    name = text(default="")
    is_active = models.BooleanField(default=True)
    created_at = instant()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    Meta = table("users")


class Business(models.Model):
    """Has people, one live tenant and any number of sandboxes."""

    id = models.UUIDField(primary_key=True)
    slug = models.SlugField(unique=True)
    name = text()
    created_at = instant()

    Meta = table("businesses")


class Membership(models.Model):
    """A person's role in a business."""

    id = models.UUIDField(primary_key=True)
    business_id = key()
    user_id = key()
    role = word()
    created_at = instant()

    Meta = table(
        "memberships",
        unique("memberships_once", "business_id", "user_id"),
        check("memberships_role", models.Q(role__in=["owner", "staff", "viewer"])),
    )

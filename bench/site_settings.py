"""The product's settings, with the addresses of the bench beside those of the product."""

from tocsin.settings import *  # noqa: F403

ROOT_URLCONF = "bench.site"

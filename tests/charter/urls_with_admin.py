"""The addresses of an installation whose operator has switched the administration on."""

from django.contrib import admin
from django.urls import path

from tocsin.urls import handler400, handler403, handler404, handler500
from tocsin.urls import urlpatterns as usual

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
urlpatterns = [path("admin/", admin.site.urls), *usual]

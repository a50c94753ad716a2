"""Addresses of signing in and out."""

from django.urls import path

from charter import views

app_name = "charter"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/nonce/", views.nonce, name="sign-in-nonce"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("sign-out/everywhere/", views.sign_out_everywhere, name="sign-out-everywhere"),
]

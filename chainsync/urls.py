"""Addresses of the pages about chains."""

from django.urls import URLPattern, path

from chainsync import views

urlpatterns: list[URLPattern] = [
    path("chains/", views.chains, name="chains"),
    path("chains/heads.json", views.heads, name="chain-heads"),
    path("live/disputes/", views.disputes_live, name="disputes-live"),
    path("chains/<slug:key>/", views.chain, name="chain"),
    path("chains/<slug:key>/endpoints/<slug:name>/", views.endpoint, name="endpoint"),
    path("chains/<slug:key>/blocks/<int:number>/", views.block, name="block"),
]

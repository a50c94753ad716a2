"""Addresses of governance pages."""

from django.urls import URLPattern, path

from governance.views import operations, people, proofs, proposals, voting

urlpatterns: list[URLPattern] = [
    path("proposals/", proposals.proposal_list, name="proposals"),
    path("proposals/<slug:key>/", proposals.proposal, name="proposal"),
    path("proposals/<slug:key>/live/", proposals.proposal_live, name="proposal-live"),
    path("proposals/<slug:key>/votes/", proposals.proposal_votes, name="proposal-votes"),
    path("proposals/<slug:key>/text/", proposals.proposal_text, name="proposal-text"),
    path("proposals/<slug:key>/power/", voting.power, name="proposal-power"),
    path("proposals/<slug:key>/ballot/", voting.ballot_to_sign, name="proposal-ballot"),
    path("proposals/<slug:key>/safe/", voting.ballot_file, name="proposal-safe"),
    path("proposals/<slug:key>/check/", proofs.check, name="proposal-check"),
    path("proposals/<slug:key>/counts/", proofs.counts, name="proposal-counts"),
    path("proposals/<slug:key>/proof/", proofs.find, name="vote-proof-find"),
    path("proposals/<slug:key>/proof/<str:address>/", proofs.vote_proof, name="vote-proof"),
    path("delegates/", people.delegates, name="delegates"),
    path("delegates/<str:address>/", people.delegate, name="delegate"),
    path("delegations/<slug:key>/", voting.delegation_to_sign, name="delegation"),
    path("addresses/<str:address>/", people.address, name="address"),
    path("operations/", operations.operations, name="operations"),
]

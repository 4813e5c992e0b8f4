"""The addresses of the history pages, below /admin/. None ends in a slash; with one it redirects."""

from django.urls import path, re_path

from ecoin.pages.slash import without_slash
from trainings.history import attach_views, owner_views, views

app_name = "trainings"

urlpatterns = [
    path("trainings/history", views.search_page, name="history"),
    path("trainings/history/search", views.search, name="history-search"),
    path("trainings/history/learner", views.learner_page, name="history-learner"),
    path("trainings/history/learner/print", views.print_page, name="history-print"),
    path("trainings/history/learner/reveal", views.reveal_contact, name="history-reveal"),
    *owner_views.urlpatterns,
    *attach_views.urlpatterns,
    re_path(r"^(?P<page>trainings/history(?:/.+)?)/$", without_slash, name="history-slash"),
]

"""Addresses of accounts: ours, and those of allauth."""

from django.urls import include, path

from blog.accounts import views

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("sessions/<int:pk>/end/", views.end_session, name="end_session"),
    path("", include("allauth.urls")),
]

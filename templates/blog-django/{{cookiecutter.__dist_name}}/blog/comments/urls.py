"""Addresses of the comments."""

from django.urls import path

from blog.comments import views

urlpatterns = [
    path("posts/<slug:slug>/comments/", views.add, name="comment_add"),
    path("comments/<int:pk>/delete/", views.delete, name="comment_delete"),
    path("moderation/", views.queue, name="moderation"),
    path("moderation/<int:pk>/", views.moderate, name="comment_moderate"),
]

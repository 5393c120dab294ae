"""Who is who, for admins: people and their roles, found and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group

from blog.accounts.models import User

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """What each role may do: to be seen by admins, and changed by superusers.

    Whoever changes a role of their own may give themselves any power there is.
    """

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave new roles to superusers."""
        return request.user.is_superuser

    def has_change_permission(
        self,
        request: HttpRequest,
        obj: Group | None = None,
    ) -> bool:
        """Leave the powers of a role to superusers."""
        return request.user.is_superuser

    def has_delete_permission(
        self,
        request: HttpRequest,
        obj: Group | None = None,
    ) -> bool:
        """Leave the end of a role to superusers."""
        return request.user.is_superuser


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """People by role; powers beyond a role are a superuser's to give."""

    list_display = ("display_name", "email", "roles", "is_active", "last_login")
    list_filter = ("groups", "is_active", "is_staff")
    search_fields = ("email", "display_name", "handle")
    ordering = ("display_name",)
    filter_horizontal = ("groups", "user_permissions")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Profile", {"fields": ("display_name", "handle", "bio")}),
        ("Roles", {"fields": ("is_active", "is_staff", "groups")}),
        ("More powers", {"fields": ("is_superuser", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Fetch the roles of all people in one query."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        """Return the names of the groups."""
        return ", ".join(group.name for group in user.groups.all())

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> tuple[Any, ...]:
        """Keep admins from making themselves, or anyone, a superuser."""
        fields = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser:
            return fields
        return (*fields, "is_superuser", "user_permissions")

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """Keep admins from taking over a superuser's account."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (request.user.is_superuser or not (obj and obj.is_superuser))

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """Keep admins from deleting a superuser."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (request.user.is_superuser or not (obj and obj.is_superuser))

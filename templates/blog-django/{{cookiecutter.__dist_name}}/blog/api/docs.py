"""The schema and the page to try it on: for everyone, in production for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


def for_staff(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Let only staff in where the site is in production."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.API_DOCS_FOR_STAFF_ONLY and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if settings.API_DOCS_FOR_STAFF_ONLY and not request.user.is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


# The guard looks at the session of the site; the API's own tokens mean nothing here.
OPEN: dict[str, Any] = {
    "authentication_classes": [],
    "permission_classes": [AllowAny],
    "throttle_classes": [],
}
schema = for_staff(cast("Any", SpectacularAPIView).as_view(**OPEN))
docs = for_staff(
    cast("Any", SpectacularSwaggerSplitView).as_view(
        url_name="api-schema", template_name="api/docs.html", **OPEN
    )
)

"""How often one may ask: per address without a login, per person with one."""

from rest_framework.settings import api_settings
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle


def _rate(scope: str) -> str | None:
    rate = api_settings.DEFAULT_THROTTLE_RATES[scope]
    return None if rate is None else str(rate)


class AnonymousThrottle(AnonRateThrottle):
    """Count the requests of an address; `anon` in the settings says how many."""

    def get_rate(self) -> str | None:
        """Return the rate as the settings have it now."""
        return _rate("anon")


class PersonThrottle(UserRateThrottle):
    """Count the requests of a person; `user` in the settings says how many."""

    def get_rate(self) -> str | None:
        """Return the rate as the settings have it now."""
        return _rate("user")

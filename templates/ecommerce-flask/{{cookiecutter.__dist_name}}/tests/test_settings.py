"""Settings that are refused, in the style of unittest."""

from __future__ import annotations

import string
import unittest
from collections import UserDict

import pytest

from shop.env_file import LINE
from shop.settings import BASE_DIR, SettingsError, load

pytestmark = pytest.mark.milestone(1)
GOOD = string.ascii_letters
PRODUCTION = {
    "APP_ENV": "production",
    "DEFAULT_FROM_EMAIL": "shop@example.com",
    "EMAIL_URL": "console:",
    "FAKE_WEBHOOK_SECRET": GOOD,
    "JWT_SIGNING_KEY": GOOD,
    "MONGODB_URI": "mongodb://db/?replicaSet=rs0",
    "PAYMENTS": "fake",
    "SECRET_KEY": GOOD,
}


class Reading(UserDict[str, str]):
    """Settings that remember what they were asked for."""

    def __init__(self, given: dict[str, str]) -> None:
        super().__init__(given)
        self.asked: set[str] = set()

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]  # a text
        """Return the setting."""
        self.asked.add(key)
        return str(super().get(key, default))


class ExampleTest(unittest.TestCase):
    """`.env.example` lists all settings."""

    def test_every_setting_is_in_the_example(self) -> None:
        """With its default or an example, behind a #."""
        asked: set[str] = set()
        stripe = {"STRIPE_SECRET_KEY": GOOD, "STRIPE_WEBHOOK_SECRET": GOOD}
        for given in (PRODUCTION, PRODUCTION | {"PAYMENTS": "stripe"} | stripe):
            read = Reading(given)
            load(read)
            asked |= read.asked
        text = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
        lines = (LINE.fullmatch(line.lstrip("# ")) for line in text.splitlines())
        listed = {match["name"] for match in lines if match}
        self.assertEqual(asked - listed, {"FLASK_DEBUG"})  # Flask's own


class ProductionTest(unittest.TestCase):
    """Production starts with good settings only."""

    def refused(self, **changes: str) -> str:
        """Return the sentence with which these settings are refused."""
        with self.assertRaises(SettingsError) as caught:
            load(PRODUCTION | changes)
        return str(caught.exception)

    def test_good_ones_are_taken(self) -> None:
        """Nothing more than these is needed."""
        self.assertTrue(load(PRODUCTION).production)

    def test_what_is_missing_is_named(self) -> None:
        """One sentence, with the variable."""
        for name in PRODUCTION.keys() - {"APP_ENV"}:
            with self.subTest(name):
                self.assertIn(f"{name} is missing", self.refused(**{name: ""}))

    def test_weak_secrets_are_named(self) -> None:
        """Short, repeated and well-known ones."""
        for weak in ("short", "a" * 40, "change-me-" + GOOD):
            with self.subTest(weak):
                self.assertIn("SECRET_KEY is", self.refused(SECRET_KEY=weak))

    def test_debugging_is_refused(self) -> None:
        """Its console would run what a visitor types."""
        self.assertIn("FLASK_DEBUG", self.refused(FLASK_DEBUG="1"))

    def test_stripe_needs_its_keys(self) -> None:
        """Choosing the provider is choosing its secrets."""
        self.assertIn("STRIPE_SECRET_KEY is missing", self.refused(PAYMENTS="stripe"))

    def test_nonsense_is_refused(self) -> None:
        """A number is a number, a choice one of its values."""
        self.assertIn("PORT must be a whole number", self.refused(PORT="eighty"))
        self.assertIn("PORT must be from 1 to 65535", self.refused(PORT="99999"))
        self.assertIn("LOG_LEVEL must be one of INFO", self.refused(LOG_LEVEL="loud"))
        self.assertIn("PAYMENTS must be one of", self.refused(PAYMENTS="cash"))
        self.assertIn("EMAIL_URL must begin", self.refused(EMAIL_URL="pigeon:"))
        url = self.refused(FAKE_WEBHOOK_URL="file:///etc/passwd")
        self.assertIn("FAKE_WEBHOOK_URL must begin", url)
        self.assertIn("APP_ENV must be one of", self.refused(APP_ENV="staging"))

"""Settings that are refused, in the style of unittest."""

from __future__ import annotations

import stat
import string
import sys
import tempfile
import unittest
from pathlib import Path

import pytest

from app.core.config import SettingsError, read_file, write_missing
from app.settings import load

pytestmark = pytest.mark.milestone(1)
GOOD = string.ascii_letters
PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://app:secret@db/app",
    "DEFAULT_FROM_EMAIL": "app@example.com",
    "EMAIL_URL": "console:",
    "JWT_SIGNING_KEY": GOOD,
    "PUBLIC_URL": "https://chat.example.com",
    "REDIS_URL": "redis://:secret@redis:6379/0",
    "SECRET_KEY": GOOD,
}
EXAMPLE = "APP_ENV=development\nSECRET_KEY=\n# DB_PASSWORD=\nPORT=8000\n"


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
        """What it shows is not for visitors."""
        self.assertIn("DEBUG must be off", self.refused(DEBUG="1"))

    def test_nonsense_is_refused(self) -> None:
        """A number is a number, a choice one of its values, an address has a scheme."""
        self.assertIn("PORT must be a whole number", self.refused(PORT="eighty"))
        self.assertIn("EMAIL_URL must begin", self.refused(EMAIL_URL="pigeon:"))
        self.assertIn("REDIS_URL must begin", self.refused(REDIS_URL="http://redis"))
        self.assertIn("DATABASE_URL must begin", self.refused(DATABASE_URL="mysql:"))
        self.assertIn("APP_ENV must be one of", self.refused(APP_ENV="staging"))


class DevelopmentTest(unittest.TestCase):
    """Elsewhere everything has a default."""

    def test_nothing_has_to_be_set(self) -> None:
        """SQLite, one process, a folder; secrets that production refuses."""
        settings = load({})
        self.assertTrue(settings.database_url.startswith("sqlite:///"))
        self.assertEqual(settings.redis_url, "")
        self.assertEqual(settings.media_dir.name, "media")
        with self.assertRaises(SettingsError):
            load(PRODUCTION | {"SECRET_KEY": settings.secret_key})

    def test_a_form_has_room_for_a_picture(self) -> None:
        """The limit on a body follows the one on a picture."""
        settings = load({"MAX_IMAGE_BYTES": "3000000"})
        self.assertGreater(settings.max_body_bytes, settings.max_image_bytes)

    def test_lists_are_separated_by_commas(self) -> None:
        """Space around a part does not count."""
        given = {"CORS_ALLOWED_ORIGINS": "https://a.example, https://b.example,"}
        origins = load(given).cors_allowed_origins
        self.assertEqual(origins, ("https://a.example", "https://b.example"))

    def test_a_missing_env_file_is_written_once(self) -> None:
        """With secrets of its own, for its owner's eyes."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self.assertFalse(write_missing(folder))
            (folder / ".env.example").write_text(EXAMPLE, encoding="utf-8")
            self.assertTrue(write_missing(folder))
            found = read_file(folder / ".env")
            self.assertEqual(found["PORT"], "8000")
            self.assertGreaterEqual(len(found["SECRET_KEY"]), 32)
            self.assertNotIn("DB_PASSWORD", found)
            if sys.platform != "win32":
                mode = stat.S_IMODE((folder / ".env").stat().st_mode)
                self.assertEqual(mode, 0o600)
            self.assertFalse(write_missing(folder))
            self.assertEqual(read_file(folder / ".env"), found)

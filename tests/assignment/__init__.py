"""Tests of assignment files, and of projects created from them."""

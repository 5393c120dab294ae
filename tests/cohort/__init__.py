"""Tests of cohorts: create, push and check one repository per student."""

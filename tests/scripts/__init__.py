"""Tests of scripts/: what runs the tests, the demo and the screenshots."""

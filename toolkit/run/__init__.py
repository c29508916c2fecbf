"""Runs: many areas, one parameterized notebook each, and the record of what was made from what."""

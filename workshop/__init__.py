"""Beside the package: how its weights were learned, how well they do, and how fast it is; see README.md."""

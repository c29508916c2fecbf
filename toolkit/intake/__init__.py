"""Intake: figures that come in, their history, templates to fill in, and checks against the model."""

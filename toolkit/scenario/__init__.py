"""Scenarios: verbs that transform joint draws into the joint draws of another course of events. No verdicts."""

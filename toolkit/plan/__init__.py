"""Plans: files, typed targets, predicates on draws and required pace. No models."""

from toolkit.plan.load import load_plan
from toolkit.plan.schema import Plan
from toolkit.plan.targets import Target

__all__ = ["Plan", "Target", "load_plan"]

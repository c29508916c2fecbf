"""Plans: files, typed targets, rules that own what they mean. No models."""

from toolkit.plan.load import load_plan
from toolkit.plan.plan import Plan, Target

__all__ = ["Plan", "Target", "load_plan"]

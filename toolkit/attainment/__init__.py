"""Rules on joint draws: a question, what the rule says, and the answer with its evidence and pace. No plots."""

"""The scenario page for planners: notebook 03 through Voilà, on this machine alone."""

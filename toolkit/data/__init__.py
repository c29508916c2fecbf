"""Data room: readers that collect every problem, observations, areas, crosswalk, standards, as-of."""

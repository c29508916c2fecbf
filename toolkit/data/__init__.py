"""Data: readers that collect every problem, observations, areas, indicators, standards, and the data of a day."""

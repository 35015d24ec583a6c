"""Measurements of a running estate, printed as ratios of things measured in the same run."""

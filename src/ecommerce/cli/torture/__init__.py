"""Tortures: loads that try to break what the shop promises, and say whether they did."""

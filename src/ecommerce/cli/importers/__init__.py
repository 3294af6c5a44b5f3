"""Bring another shop's trade in, through the same HTTP as everybody's."""

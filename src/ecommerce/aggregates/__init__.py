"""The deciders: pure functions that say yes or no, and what a fact means for a state."""

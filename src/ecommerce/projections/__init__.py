"""The read side: one file for each read model."""

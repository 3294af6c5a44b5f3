"""HTTP: one router for each context."""

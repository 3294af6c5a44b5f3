"""Builds one context's running service: the only wiring."""

"""The published events as an AsyncAPI document: all that a service in another language needs."""

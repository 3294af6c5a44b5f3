"""The write side: the event log and everything that is recorded in one transaction with it."""

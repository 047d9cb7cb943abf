"""Trainable networks, one module a family."""

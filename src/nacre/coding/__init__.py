"""Symbols to bytes and back: one range coder stream, integer probabilities, adaptive contexts."""

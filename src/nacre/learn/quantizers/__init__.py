"""Quantizers with a training-time surrogate, one idea a file."""

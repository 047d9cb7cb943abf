"""Measurements that need torch. Each writes JSON, of which `nacre.bench.results` makes a page."""

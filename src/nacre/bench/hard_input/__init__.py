"""Input that wants to break nacre: damaged, cut and lying files, and odd pictures."""

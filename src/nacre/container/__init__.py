"""The file: header, segments, metadata, cutting. Knows no codec and needs the standard library alone."""

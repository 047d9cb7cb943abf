"""Parts of `results/`: one function each, which takes a `Job` and writes its files."""

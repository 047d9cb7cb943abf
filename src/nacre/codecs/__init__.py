"""Picture codecs: the contract, the registry, targets, and one folder a family."""

"""The learn wing: networks, quantizers, losses, data and the one training loop. Needs the extra `train`."""

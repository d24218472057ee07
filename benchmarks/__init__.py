"""Every speed and quality claim, against the peer, in one run."""

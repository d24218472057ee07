"""Every query of the serving package: tokens, scores, answers kept for repeats."""

"""Scores and explanations over HTTP, and the memory of what we said."""

"""Chinese texts: masked before anything is stored, cut into words with offsets, read for hazards."""

TEXT_VERSION = "3"
"""Version of normalisation, dictionary and hazard lexicon; pinned by a test, kept by a model."""

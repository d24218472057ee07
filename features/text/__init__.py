"""Chinese texts: masked before anything is stored, cut into words with offsets, read for hazards."""

TEXT_VERSION = "2"
"""Version of normalisation and dictionary; a test pins what it stands for, and a model keeps it."""

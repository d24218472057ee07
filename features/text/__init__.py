"""Chinese texts: masking of personal numbers before anything is stored, and tokens with their offsets."""

TEXT_VERSION = "1"
"""Version of normalisation and dictionary; a test pins what it stands for, and a model keeps it."""

"""The house's own checks."""

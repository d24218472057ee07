"""Records to a registered, evaluated model."""

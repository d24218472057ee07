"""HTTP: one module a noun; each translates and delegates."""

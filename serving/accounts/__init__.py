"""Who may ask what: tokens and their scopes."""

"""Pages for people: printable, without scripts, and nothing in them comes from elsewhere."""

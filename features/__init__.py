"""What we were told, and the one function that turns it into a feature frame."""

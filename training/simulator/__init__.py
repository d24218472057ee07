"""A simulated port: records of a made-up customs port, with the truth that no record holds."""

"""Readings of opinions as rows: derived in the transaction that stores an opinion, made again when needed."""

"""What the goods are declared as: the risk of the words, and whether they fit the declared code."""

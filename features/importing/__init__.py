"""Files into records: readers per format, declarative mappings, rejects and the summary of what happened."""

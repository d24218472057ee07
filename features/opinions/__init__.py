"""What opinions say: hazards, goods, parties, repeats; from their texts as far as sources left it out."""

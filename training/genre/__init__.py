"""Songs by genre: the folder that they come from, the splits, and the training of the networks."""

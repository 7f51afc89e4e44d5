"""What is trained: batches, augmentation, the model and its trainer."""

"""What a trained model is: predict, calibrate, explain, save, load."""

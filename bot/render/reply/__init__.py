"""What commands answer: one file a thing that is shown, plain data in, markdown out."""

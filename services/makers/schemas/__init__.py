"""What makers reads and answers over HTTP. Weights are grams, sides millimetres."""

"""One module per kind of object; each family is drawn once, on a sketch."""

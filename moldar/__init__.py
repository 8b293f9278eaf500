"""A sentence or a picture becomes a printable object and a price."""

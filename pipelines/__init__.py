"""What computes: pure, synchronous functions over values. No Ray, no network, no clock, no environment."""

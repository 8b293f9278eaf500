"""What several tests need. Nothing of ours is replaced here."""

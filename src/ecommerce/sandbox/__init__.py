"""What development needs in place of the world."""

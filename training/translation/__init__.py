"""What the small translator learns from, and how."""

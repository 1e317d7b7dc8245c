"""Stand-ins for the outside world, with the outside world's own HTTP shapes. Not part of what is shipped."""

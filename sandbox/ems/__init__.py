"""A post that carries EMS items whose labels the sender prints, and reports their events in files."""

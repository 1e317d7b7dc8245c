"""What the pages for shoppers share, whichever service shows them: languages, frame, look, and headers."""

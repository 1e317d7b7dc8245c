"""How rules refuse what is asked for over HTTP, and how that is answered."""

"""French export customs: declarations that are released with an MRN, or refused."""

"""The carrier service: one label a parcel, and every scan of it. La Poste is the first carrier."""

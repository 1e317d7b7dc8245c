"""La Poste: labels (Colissimo SLS), tracking (Suivi v2), and the pushed call-backs that are Silkpost's own contract."""

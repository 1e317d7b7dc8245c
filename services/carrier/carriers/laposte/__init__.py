"""La Poste: labels by Colissimo's SLS web service, tracking by Suivi v2."""

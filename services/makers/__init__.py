"""Who may sell what: vendors, their brands and their products, as validated."""

"""China: the single window (CEB messages, receipts), and the regimes of import."""

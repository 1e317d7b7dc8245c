"""Chinese import customs: the single window's CEB messages, their receipts, holds and releases."""

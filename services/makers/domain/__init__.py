"""The rules of makers: pure functions over vendors, brands, products and what registers answer. No I/O, no clock."""

"""Goods and who may have them: stock by owner, packing, hand-over; it alone decides on withdrawal."""

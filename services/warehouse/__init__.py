"""Goods and who may have them: stock by owner, packing, hand-over; the one arbiter of withdrawal."""

"""The rules of `orders`: pure functions over the facts of one order, and over the values of a submitted one."""

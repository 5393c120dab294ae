"""The shop: an API of products, carts, orders and payments on Flask and MongoDB."""

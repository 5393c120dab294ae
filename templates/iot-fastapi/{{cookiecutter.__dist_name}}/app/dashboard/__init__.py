"""The pages: what people see of their devices, and do with them."""

"""The bench: it drives the product from inside, which neither the product nor its tools may do."""

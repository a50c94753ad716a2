"""What several kinds share in turning logs into rows, one module a noun."""

"""Pages of governance, by place."""

"""What endpoints can be made to suffer: silence, delay, half answers, an old view, lies."""

"""Where contracts keep what we prove: from layouts to slots, from proven words to facts."""

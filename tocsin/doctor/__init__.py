"""Whether a deployment is sound, in words: what was looked at, what is so, and what to do."""

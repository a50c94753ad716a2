"""The scripted life: what the lab's people do on their own."""

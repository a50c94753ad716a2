"""`make bench`: measured speed beside the floor and beside peers; see `bench/`."""

import subprocess
import sys

if __name__ == "__main__":
    raise SystemExit(subprocess.call([sys.executable, "-m", "bench", *sys.argv[1:]]))

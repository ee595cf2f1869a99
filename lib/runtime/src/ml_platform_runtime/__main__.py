"""`python -m ml_platform_runtime <command>`."""

import sys

from ml_platform_runtime.cli import main

if __name__ == "__main__":
    sys.exit(main())

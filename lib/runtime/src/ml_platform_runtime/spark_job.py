"""What a job of EMR Serverless starts: first its environment, as JSON in Base64, then a command of the package.

Such a job is given arguments and no environment, and Base64 has nothing that anybody on the way could read as something else. The file
lies on S3 by itself; the package is in the image that the job runs in.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Sets the environment, then runs the command."""
    from ml_platform_runtime import cli

    environment, *command = arguments
    os.environ.update(json.loads(base64.b64decode(environment)))
    return cli.main(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.e2e`: run them. Exits 2 and names the Debian package where one is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys

NEEDED = {
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "prometheus": "prometheus",
    "chromium": "chromium",
}


def main() -> int:
    """pytest's exit code, or 2 when a program is missing."""
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        sys.stderr.write(f"missing: apt install {' '.join(dict.fromkeys(missing))}\n")
        return 2
    command = [sys.executable, "-m", "pytest", "-m", "e2e", "tests/e2e", *sys.argv[1:]]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

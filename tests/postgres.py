"""`python -m tests.postgres`: start a PostgreSQL of our own, run the tests on it, stop it.

`python -m tests.postgres bench chaos` runs a benchmark on it instead.

PostgreSQL refuses to run as root, so as root its processes run as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


def _find(program: str) -> str:
    found = shutil.which(program) or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))), None
    )
    if found is None:
        sys.stderr.write(f"{program} is missing; install the Debian package postgresql\n")
        sys.exit(2)
    return found


def main() -> int:
    """Run the tests that touch the store on a fresh cluster. Returns pytest's exit code."""
    initdb, pg_ctl = _find("initdb"), _find("pg_ctl")
    root = Path(tempfile.mkdtemp(prefix="tocsin-postgres-", dir="/tmp"))
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if account is not None:
        os.chown(root, account.pw_uid, account.pw_gid)
    who = {"user": account.pw_uid, "group": account.pw_gid} if account else {}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(root / "data")
    options = f"-p {port} -k {root} -c listen_addresses=127.0.0.1 -c fsync=off"
    subprocess.run(
        [initdb, "-D", data, "-U", "tocsin", "-A", "trust", "-E", "UTF8", "--no-locale"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=root,
        **who,
    )
    subprocess.run(
        [pg_ctl, "-D", data, "-o", options, "-w", "-l", str(root / "log"), "start"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=root,
        **who,
    )
    try:
        url = f"postgresql://tocsin@127.0.0.1:{port}/postgres"
        given = sys.argv[1:]
        if given[:1] == ["bench"]:
            command = given
        else:
            command = ["pytest", "-m", "not e2e and not sqlite", *given]
        return subprocess.run(
            [sys.executable, "-m", *command],
            env={**os.environ, "TOCSIN_TEST_POSTGRES": url},
            check=False,
        ).returncode
    finally:
        subprocess.run(
            [pg_ctl, "-D", data, "-m", "immediate", "stop"],
            check=False,
            stdout=subprocess.DEVNULL,
            cwd=root,
            **who,
        )
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

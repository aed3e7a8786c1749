"""A tocsin and an Alertmanager as processes of their own, each with a fresh directory."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

TOKEN = "bench-token"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, package: str) -> str:
    """The path of a program; ends with the package to install when it is missing."""
    found = shutil.which(name)
    if found is None:
        print(f"{name} is missing; install the Debian package {package}")
        raise SystemExit(2)
    return found


def wait_for(url: str, timeout: float = 30.0) -> float:
    """Seconds until `url` answers 200."""
    began = time.monotonic()
    while time.monotonic() - began < timeout:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return time.monotonic() - began
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.01)
    raise TimeoutError(f"{url} did not answer within {timeout} s")


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    line = next(row for row in status.splitlines() if row.startswith("VmRSS:"))
    return round(int(line.split()[1]) / 1024, 1)


class Tocsin:
    """A running service. ready_after: seconds from its start to /readyz."""

    def __init__(self, command: list[str], url: str, directory: Path) -> None:
        self.url = url
        self.directory = directory
        self._command = command
        self._start()

    def _start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)
        self.ready_after = wait_for(f"{self.url}/readyz")

    def stop(self) -> None:
        """SIGTERM; SIGKILL when it takes too long."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self) -> float:
        """Stop and start again; seconds from the start to /readyz."""
        self.stop()
        self._start()
        return self.ready_after

    def resident_mb(self) -> float:
        """Resident memory of the process."""
        return resident_mb(self.process.pid)


@contextmanager
def tocsin(**settings: Any) -> Iterator[Tocsin]:
    """Serve with these settings beside what a benchmark needs."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    port = free_port()
    base: dict[str, Any] = {
        "server": {"port": port},
        "data_dir": str(directory / "data"),
        "auth": {"admin_token": TOKEN},
        "hooks": [{"name": "main", "source": "alertmanager", "auth": {"bearer": TOKEN}}],
        "channels": [{"name": "room", "type": "web"}],
        "receivers": [{"name": "room", "channels": ["room"]}],
        "route": {"receiver": "room", "group_by": ["alertname"], "group_wait": "5s"},
    }
    config = directory / "config.yaml"
    config.write_text(yaml.safe_dump({**base, **settings}, allow_unicode=True), "utf-8")
    command = [sys.executable, "-m", "bot.cli.main", "serve", "--config", str(config)]
    service = None
    try:
        service = Tocsin(command, f"http://127.0.0.1:{port}", directory)
        yield service
    except BaseException:
        print((directory / "log").read_text("utf-8", "replace")[-4000:])
        raise
    finally:
        if service is not None:
            service.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def alertmanager() -> Iterator[str]:
    """A real Alertmanager with one receiver that goes nowhere; yields its address."""
    with alertmanager_process() as (url, _pid):
        yield url


@contextmanager
def alertmanager_process() -> Iterator[tuple[str, int]]:
    """The same; yields its address and process id."""
    found = program("prometheus-alertmanager", "prometheus-alertmanager")
    directory = Path(tempfile.mkdtemp(prefix="tocsin-bench-am-"))
    config = directory / "alertmanager.yml"
    config.write_text(
        "route: {receiver: none, group_wait: 1h, group_by: [alertname]}\n"
        "receivers: [{name: none}]\n",
        "utf-8",
    )
    port = free_port()
    process = subprocess.Popen(
        [
            found,
            f"--config.file={config}",
            f"--storage.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=error",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/-/ready")
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(15)
        shutil.rmtree(directory, ignore_errors=True)

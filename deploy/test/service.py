"""Services, and servers in front of them, for the tests of the kit."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(done, what, seconds=120):
    """Waits until `done()` is true."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} seconds")
        time.sleep(0.05)


def get(url, accept="*/*", context=None):
    """The body of an answer with status 200."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def answers(url):
    """Whether there is an answer with status 200."""
    try:
        get(url)
    except (urllib.error.URLError, OSError):
        return False
    return True


class Service:
    """`veilcast serve`, on a port of its own and another one for operators; killed at the end."""

    def __init__(self, program, folder, name, *arguments, environment=None):
        self.port, self.operator_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.operator_url = f"http://127.0.0.1:{self.operator_port}"
        self.log = Path(folder) / f"{name}.log"
        variables = {
            "VEILCAST_LISTEN": f"127.0.0.1:{self.port}",
            "VEILCAST_OPERATOR_LISTEN": f"127.0.0.1:{self.operator_port}",
            **(environment or {}),
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [program, "serve", "--log", "json", *map(str, arguments)],
                cwd=ROOT,
                env={**os.environ, **variables},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended:\n{self.log.read_text()}")
        return answers(f"{self.operator_url}/v2/health/ready")

    def wait(self):
        wait_until(self.is_ready, "a service's readiness")
        return self

    def metric(self, name):
        """The sum of a metric's samples."""
        text = get(f"{self.operator_url}/metrics", "text/plain")[1]
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return sum(float(value) for sample, value in lines if sample.split("{")[0] == name)

    def signal(self, which):
        self.process.send_signal(which)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Postgres:
    """A PostgreSQL of its own, and an empty database in it."""

    #: The account that Debian's packages make for it: it refuses to be run by root.
    ACCOUNT = "postgres"

    def __init__(self, folder):
        self.folder, self.port = Path(folder), free_port()
        versions = Path("/usr/lib/postgresql").glob("*/bin")
        self.programs = max(versions, key=lambda path: int(path.parent.name))
        if os.getuid() == 0:
            shutil.chown(self.folder, self.ACCOUNT)
        self.run("initdb", "-A", "trust", "-U", "veilcast", "-E", "UTF8", "-N", "-D", self.folder / "data")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-o", options, "-l", self.folder / "log", "start")
        self.run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "veilcast", "ledger")
        self.url = f"postgres://veilcast@127.0.0.1:{self.port}/ledger"

    def run(self, program, *arguments):
        as_account = ["runuser", "-u", self.ACCOUNT, "--"] if os.getuid() == 0 else []
        command = [*as_account, self.programs / program, *map(str, arguments)]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")


def certificate(folder):
    """An authority's certificate, one of this machine that it has signed, and the latter's key."""
    folder = Path(folder)
    authority, signing, own, key = (folder / f"{name}.pem" for name in ["authority", "signing", "own", "key"])

    def openssl(*arguments):
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        subprocess.run([*new, "-days", "2", *arguments], check=True, capture_output=True)

    openssl("-subj", "/CN=An authority for tests", "-out", authority, "-keyout", signing)
    openssl(
        *["-CA", authority, "-CAkey", signing, "-subj", "/CN=localhost", "-out", own, "-keyout", key],
        *["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        *["-addext", "basicConstraints=critical,CA:FALSE"],
    )
    return authority, own, key


class Nginx:
    """nginx with the kit's configuration: the addresses and files in it are replaced, and nothing else."""

    def __init__(self, folder, upstreams):
        folder = Path(folder) / "nginx"
        folder.mkdir()
        # Its workers belong to another user if root starts it.
        os.chmod(folder, 0o755)
        self.port = free_port()
        self.authority, own, key = certificate(folder)
        files = [DEPLOY / "nginx" / name for name in ["upstream-local.conf", "veilcast.conf"]]
        kit = "".join(file.read_text() for file in files)
        for old, new in [
            ("127.0.0.1:8080", upstreams[0]),
            ("127.0.0.1:8081", upstreams[1]),
            ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
            ("    listen [::]:443 ssl;\n", ""),
            ("veilcast.example.org", "localhost"),
            ("/etc/nginx/tls/certificate.pem", str(own)),
            ("/etc/nginx/tls/key.pem", str(key)),
        ]:
            assert kit.count(old) == 1, f"{old} is not in the kit's configuration once"
            kit = kit.replace(old, new)
        (folder / "veilcast.conf").write_text(kit)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        )
        main = folder / "nginx.conf"
        main.write_text(
            f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 2;\nevents {{}}\n"
            f"http {{\naccess_log {folder}/access.log;\n{temporary}include {folder}/veilcast.conf;\n}}\n"
        )
        self.access_log, self.error_log = folder / "access.log", folder / "error.log"
        self.command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-e", self.error_log, "-c", main]
        self.process = None
        self.url = f"https://localhost:{self.port}"

    def check(self):
        """nginx's own opinion of the configuration."""
        return subprocess.run([*self.command, "-t"], capture_output=True, text=True)

    def start(self):
        self.process = subprocess.Popen(self.command)

        def listens():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            return False

        wait_until(listens, "nginx's start")

    def statuses(self, call):
        """How often each status was answered to a call."""
        lines = self.access_log.read_text().splitlines()
        return Counter(int(line.split('" ')[1].split(" ")[0]) for line in lines if f'"{call} ' in line)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()

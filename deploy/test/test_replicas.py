"""Two replicas behind nginx with TLS, with one ledger in PostgreSQL, in bad weather: one replica is killed in the middle of a
batch, the other one reads its models again and again, and every record is answered as if nothing had happened, and charged.

Run by `cargo xtask deploy` as: python test_replicas.py VEILCAST RECORDS
"""

import csv
import json
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from images import first_images
from service import ROOT, Nginx, Postgres, Service, get, wait_until

PROGRAM, RECORDS = Path(sys.argv.pop(1)).resolve(), int(sys.argv.pop(1))
MODEL = ROOT / "models" / "digits"
REPLICAS = {"VEILCAST_BEHIND_PROXY": "true", "VEILCAST_DRAIN_SECONDS": "1"}


class Replicas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        # nginx's workers, which belong to another user, go through it.
        Path(cls.folder.name).chmod(0o755)
        cls.path = Path(cls.folder.name)
        cls.images = cls.path / "images"
        cls.images.write_bytes(first_images(ROOT / "data/mnist/t10k-images-idx3-ubyte.gz", RECORDS))
        cls.key = cls.path / "key.json"
        subprocess.run([PROGRAM, "keygen", "--bits", "2048", "--out", cls.key], check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def start(self, name, **variables):
        service = Service(PROGRAM, self.path, name, "--model", MODEL, environment={**REPLICAS, **variables})
        self.addCleanup(service.stop)
        return service.wait()

    def behind(self, *services):
        folder = tempfile.mkdtemp(dir=self.path)
        Path(folder).chmod(0o755)
        nginx = Nginx(folder, [f"127.0.0.1:{service.port}" for service in services])
        self.addCleanup(nginx.stop)
        nginx.start()
        return nginx

    def ledger(self):
        folder = self.path / "ledger"
        folder.mkdir()
        ledger = Postgres(folder)
        self.addCleanup(ledger.stop)
        return ledger

    def token(self, ledger):
        """A file with a token that may ask for anything."""
        added = self.veilcast("token", "add", "tester", "--ledger", ledger.url)
        file = self.path / "token"
        file.touch(mode=0o600)
        file.write_text(added)
        return file

    def charged(self, ledger):
        """The requests and the records that the ledger has."""
        usage = json.loads(self.veilcast("usage", "--json", "--ledger", ledger.url))["usage"]
        return {what: sum(row[what] for row in usage) for what in ["requests", "records"]}

    def veilcast(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def predict(self, server, out, *arguments):
        """Predictions of all images, in the background."""
        command = [PROGRAM, "predict", "--server", server, "--model", "digits", "--key", self.key, "--out", out]
        with (self.path / f"{out.name}.err").open("w") as errors:
            return subprocess.Popen(
                [*command, *arguments, self.images], stdout=subprocess.DEVNULL, stderr=errors
            )

    def rows(self, process, out):
        errors = self.path / f"{out.name}.err"
        self.assertEqual(process.wait(), 0, errors.read_text())
        with out.open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), RECORDS)
        return rows

    @classmethod
    def undisturbed(cls, test):
        """What a service says that is left alone, asked once for all tests."""
        if not hasattr(cls, "expected"):
            alone, out = test.start("alone"), cls.path / "alone.csv"
            cls.expected = test.rows(test.predict(alone.url, out), out)
            alone.stop()
        return cls.expected

    def test_a_killed_replica_and_a_reloaded_one_lose_nothing(self):
        expected = self.undisturbed(self)
        ledger = self.ledger()
        charging = {"VEILCAST_LEDGER__URL": ledger.url, "VEILCAST_LEDGER__REQUIRED": "true"}
        doomed, other = self.start("doomed", **charging), self.start("other", **charging)
        nginx = self.behind(doomed, other)
        out = self.path / "disturbed.csv"
        token = self.token(ledger)
        client = self.predict(nginx.url, out, "--ca-cert", nginx.authority, "--token-file", token)
        reloads, is_over = 0, threading.Event()

        def reload():
            """One reload after another: the next one is asked for as soon as the log has the last one."""
            nonlocal reloads
            while not is_over.wait(0.02):
                if other.log.read_text().count('"message":"reloaded"') >= reloads:
                    other.signal(signal.SIGHUP)
                    reloads += 1

        reloading = threading.Thread(target=reload)
        reloading.start()
        self.addCleanup(reloading.join)
        self.addCleanup(is_over.set)

        def has_begun():
            errors = self.path / f"{out.name}.err"
            self.assertIsNone(client.poll(), f"the batch is over already: {errors.read_text()}")
            return doomed.metric("veilcast_records_total") >= RECORDS / 10

        wait_until(has_begun, "a tenth of the batch", 600)
        doomed.stop()
        rows = self.rows(client, out)
        self.assertEqual(rows, expected)
        # The last one asked for may not have happened yet.
        self.assertGreater(reloads, 3)
        self.assertGreaterEqual(other.log.read_text().count('"message":"reloaded"'), reloads - 1)
        self.assertGreaterEqual(other.metric("veilcast_records_total"), RECORDS / 10)

        # Each answer was charged once. A request whose replica died may have been charged before: its records were asked for
        # again, and that was an answer of its own.
        statuses = nginx.statuses("POST /v2/models/digits/infer")
        broken = sum(count for status, count in statuses.items() if status >= 499)
        charged = self.charged(ledger)
        self.assertGreaterEqual(charged["records"], RECORDS)
        self.assertGreaterEqual(charged["requests"], statuses[200])
        self.assertLessEqual(charged["requests"], statuses[200] + broken)
        if charged["requests"] == statuses[200]:
            self.assertEqual(charged["records"], RECORDS)
        print(
            f"{RECORDS} records right in {statuses[200]} answers, one replica killed ({broken} requests broken off), "
            f"the other one reloaded {reloads} times; charged: {charged['records']} records, "
            f"{charged['requests']} requests"
        )

    def test_a_replica_that_ends_in_order_is_not_noticed(self):
        """Single requests without a second try: what nginx answers is what a client gets."""
        ending, other = self.start("ending"), self.start("staying")
        nginx = self.behind(ending, other)
        context = ssl.create_default_context(cafile=str(nginx.authority))
        statuses, is_over = [], threading.Event()

        def ask():
            while not is_over.is_set():
                try:
                    get(f"{nginx.url}/v2/models/digits", context=context)
                    statuses.append(200)
                except urllib.error.HTTPError as error:
                    statuses.append(error.code)

        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        wait_until(lambda: len(statuses) > 200, "200 answers")
        ending.signal(signal.SIGTERM)
        wait_until(lambda: ending.process.poll() is not None, "the end of a replica")
        after = len(statuses)
        wait_until(lambda: len(statuses) > after + 200, "200 more answers")
        is_over.set()
        for asker in askers:
            asker.join()
        self.assertEqual(ending.process.returncode, 0)
        self.assertEqual(set(statuses), {200})
        print(f"{len(statuses)} requests answered while a replica ended")

    def test_nginx_keeps_operators_routes_to_itself(self):
        nginx = self.behind(self.start("one"), self.start("two"))
        context = ssl.create_default_context(cafile=str(nginx.authority))
        for path in ["/metrics", "/v2/repository/index"]:
            request = urllib.request.Request(nginx.url + path, data=None if path == "/metrics" else b"{}")
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, context=context)
            self.assertEqual(refused.exception.code, 404)
            refused.exception.close()


if __name__ == "__main__":
    unittest.main(verbosity=1)

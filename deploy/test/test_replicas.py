"""Two replicas behind nginx with TLS, in bad weather: one is killed in the middle of a batch, the other one reads its models
again and again, and every record is answered as if nothing had happened.

Run by `cargo xtask deploy` as: python test_replicas.py VEILCAST RECORDS
"""

import csv
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from images import first_images
from service import ROOT, Nginx, Service, get, wait_until

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
        doomed, other = self.start("doomed"), self.start("other")
        nginx = self.behind(doomed, other)
        out = self.path / "disturbed.csv"
        client = self.predict(nginx.url, out, "--ca-cert", nginx.authority)
        reloads, is_over = [], threading.Event()

        def reload():
            while not is_over.wait(0.2):
                other.signal(signal.SIGHUP)
                reloads.append(time.monotonic())

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
        self.assertGreater(len(reloads), 3)
        self.assertGreaterEqual(other.metric("veilcast_records_total"), RECORDS / 10)
        self.assertIn('"message":"reloaded"', other.log.read_text())
        print(f"{RECORDS} records right, one replica killed, the other one reloaded {len(reloads)} times")

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

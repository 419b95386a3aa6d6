"""What of the kit can be checked without running it: whether each file is what its reader takes, and whether the settings and
metrics in it exist.

Run by `cargo xtask deploy` as: python test_kit.py VEILCAST
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import yaml
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from images import first_images
from service import DEPLOY, ROOT, Nginx, Service, get

PROGRAM = Path(sys.argv.pop(1)).resolve()
MODEL = ROOT / "models" / "digits"
METRIC = re.compile(r"\b(?:veilcast|process)_[a-z_]+\b")


def settings(*arguments, **variables):
    """The settings that a service with these variables would have."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VEILCAST_")}
    done = subprocess.run(
        [PROGRAM, *arguments, "--print-config"],
        cwd=ROOT,
        env={**clean, **variables},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise AssertionError(f"{arguments} with {variables}: {done.stderr}")
    return tomllib.loads(done.stdout)


def yaml_of(path):
    return list(yaml.safe_load_all((DEPLOY / path).read_text()))


class Containers(unittest.TestCase):
    def test_the_image_is_made_by_what_exists(self):
        text = (DEPLOY / "Dockerfile").read_text()
        lines = re.sub(r"\\\n\s*", " ", text).splitlines()
        steps = [line.split(" ", 1) for line in lines if line and not line.startswith("#")]
        images = [what.split(" ")[0] for step, what in steps if step == "FROM"]
        self.assertEqual(len(images), 2, "one that builds and one that runs")
        self.assertTrue(all(":" in image and not image.endswith(":latest") for image in images), images)
        self.assertTrue(images[-1].endswith(":nonroot"), "it runs without rights")
        by_step = dict(steps)
        for step in ["CMD", "ENTRYPOINT"]:
            json.loads(by_step[step])
        health = by_step["HEALTHCHECK"].split("CMD ", 1)[1]
        self.assertEqual(json.loads(health)[1], "inspect")

        build = next(what for step, what in steps if step == "RUN")
        workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())
        features = tomllib.loads((ROOT / "crates/cli/Cargo.toml").read_text())["features"]
        profile = re.search(r"--profile (\S+)", build)[1]
        self.assertIn(profile, workspace["profile"])
        self.assertIn(f"target/{profile}/veilcast", build)
        for feature in re.search(r"--features (\S+)", build)[1].split(","):
            self.assertIn(feature, features)
        rust = images[0].split(":")[1].split("-")[0]
        self.assertEqual(rust, workspace["workspace"]["package"]["rust-version"])

        variables = dict(pair.split("=", 1) for pair in by_step["ENV"].split())
        effective = settings(*json.loads(by_step["CMD"]), **variables)
        self.assertEqual(effective["listen"], [":8080"])

    def test_the_composed_services_have_settings_that_exist(self):
        (compose,) = yaml_of("compose.yaml")
        service = compose["services"]["veilcast"]
        effective = settings("serve", **service["environment"])
        self.assertTrue(effective["behind_proxy"])
        self.assertGreater(effective["drain_seconds"], 0)
        grace = int(service["stop_grace_period"].removesuffix("s"))
        self.assertGreater(grace, effective["drain_seconds"] + effective["shutdown_grace_seconds"])
        for name, service in compose["services"].items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("./") and not source.startswith(("./secrets", "./tls")):
                    self.assertTrue((DEPLOY / source).exists(), f"{name}: {source}")
            for secret in service.get("secrets", []):
                self.assertIn(secret, compose["secrets"])

    def test_the_runtime_of_kserve_has_settings_that_exist(self):
        runtime, example = yaml_of("kserve/serving-runtime.yaml")
        self.assertEqual([runtime["kind"], example["kind"]], ["ServingRuntime", "InferenceService"])
        (container,) = runtime["spec"]["containers"]
        variables = {one["name"]: one["value"] for one in container["env"]}
        effective = settings(*container["args"], **variables)
        port = container["ports"][0]["containerPort"]
        self.assertEqual(effective["listen"], [f":{port}"])
        self.assertEqual(effective["operator_listen"], [])
        end = effective["drain_seconds"] + effective["shutdown_grace_seconds"]
        self.assertGreater(example["spec"]["predictor"]["terminationGracePeriodSeconds"], end)


class Systemd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        unit = (DEPLOY / "systemd" / "veilcast.service").read_text()
        self.assertEqual(unit.count("ExecStart=/usr/local/bin/veilcast serve"), 1)
        self.path = Path(self.folder.name) / "veilcast.service"
        self.path.write_text(unit.replace("/usr/local/bin/veilcast", str(PROGRAM)))
        self.unit = unit

    def tearDown(self):
        self.folder.cleanup()

    def analyze(self, *arguments):
        return subprocess.run(
            ["systemd-analyze", *arguments, self.path], capture_output=True, text=True
        )

    def test_the_unit_is_one(self):
        verified = self.analyze("verify", "--man=no")
        self.assertEqual((verified.returncode, verified.stderr), (0, ""))

    def test_the_unit_is_exposed_to_little(self):
        # 1.5 of 10; a unit without any protection has 9.6.
        secured = self.analyze("security", "--offline=yes", "--threshold=15", "--no-pager")
        self.assertEqual(secured.returncode, 0, secured.stdout)

    def test_the_units_settings_exist(self):
        variables = re.findall(r"^Environment=(VEILCAST_\w+)=(.*)$", self.unit, re.MULTILINE)
        self.assertTrue(variables)
        settings("serve", **dict(variables))


class Metrics(unittest.TestCase):
    """The metrics of a service that has answered and refused something."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        # Some metrics are those of a ledger.
        ledger = {"VEILCAST_LEDGER__URL": f"sqlite://{cls.folder.name}/ledger.db"}
        cls.service = Service(PROGRAM, cls.folder.name, "service", "--model", MODEL, environment=ledger).wait()
        image = ROOT / "data/mnist/t10k-images-idx3-ubyte.gz"
        few = Path(cls.folder.name) / "few"
        few.write_bytes(first_images(image, 2))
        subprocess.run(
            [PROGRAM, "predict", "--server", cls.service.url, "--model", "digits", "--key-bits", "2048", few],
            check=True,
            capture_output=True,
        )
        refused = urllib.request.Request(
            f"{cls.service.url}/v2/models/digits/infer",
            data=b"{}",
            headers={"Content-Type": "application/json"},
        )
        try:
            urllib.request.urlopen(refused)
        except urllib.error.HTTPError as error:
            assert error.code == 400, error.code
        cls.metrics = f"{cls.service.operator_url}/metrics"

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        cls.folder.cleanup()

    def test_prometheus_client_reads_both_forms(self):
        kind, text = get(self.metrics, "text/plain;version=0.0.4")
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"), kind)
        plain = {family.name: family for family in parser.text_string_to_metric_families(text)}
        kind, text = get(self.metrics, "application/openmetrics-text;version=1.0.0")
        self.assertTrue(kind.startswith("application/openmetrics-text; version=1.0.0"), kind)
        families = openmetrics_parser.text_string_to_metric_families(text)
        modern = {family.name: family for family in families}
        self.assertEqual(set(plain), {name + "_info" if one.type == "info" else name for name, one in modern.items()})
        for name in ["veilcast_http_requests", "veilcast_http_request_duration_seconds", "veilcast_computing"]:
            self.assertEqual(plain[name].type, modern[name].type)
            self.assertEqual(plain[name].documentation, modern[name].documentation)
        samples = [
            {(sample.name, tuple(sorted(sample.labels.items()))) for family in one.values() for sample in family.samples}
            for one in (plain, modern)
        ]
        # The first request for metrics is itself counted by the second one.
        self.assertEqual({name for name, _ in samples[0]}, {name for name, _ in samples[1]})
        self.assertIn("veilcast_build_info", {name for name, _ in samples[0]})

    def known(self):
        text = get(self.metrics, "text/plain")[1]
        lines = (line for line in text.splitlines() if not line.startswith("#"))
        return {re.split(r"[{ ]", line)[0] for line in lines}

    def assert_known(self, text, place):
        names = set(METRIC.findall(text))
        self.assertTrue(names, place)
        self.assertEqual(names - self.known(), set(), f"{place}: these don't exist")

    def test_alerts_ask_for_metrics_that_exist(self):
        (alerts,) = yaml_of("prometheus/alerts.yaml")
        rules = [rule for group in alerts["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 5)
        for rule in rules:
            self.assertTrue(rule["annotations"]["summary"], rule["alert"])
            self.assertIn(rule["labels"]["severity"], ["page", "ticket"])
            if "up{" not in rule["expr"]:
                self.assert_known(rule["expr"], rule["alert"])
        self.assertEqual(yaml_of("prometheus/scrape.yaml")[0]["rule_files"], ["alerts.yaml"])

    def test_the_board_asks_for_metrics_that_exist(self):
        board = json.loads((DEPLOY / "grafana" / "veilcast.json").read_text())
        self.assertGreater(len(board["panels"]), 6)
        ids = [panel["id"] for panel in board["panels"]]
        self.assertEqual(len(set(ids)), len(ids))
        for panel in board["panels"]:
            for target in panel["targets"]:
                self.assert_known(target["expr"], panel["title"])

    def test_documented_metrics_exist(self):
        text = (ROOT / "docs/src/operating.md").read_text()
        table = text.split("## Metrics", 1)[1].split("\n## ", 1)[0]
        documented = set(re.findall(r"`((?:veilcast|process)_[a-z_]+)`", table))
        known = self.known()
        missing = {name for name in documented if name not in known and f"{name}_bucket" not in known}
        # A counter with labels shows once something was counted: of what didn't happen here, the sources have the name.
        sources = "".join(path.read_text() for path in (ROOT / "crates/server/src").rglob("*.rs"))
        registered = set(re.findall(r'"([a-z_]+)"', sources))
        idle = {name for name in missing if name.removeprefix("veilcast_").removesuffix("_total") in registered}
        self.assertEqual(missing - idle, set())


class Proxies(unittest.TestCase):
    def test_nginx_takes_its_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            checked = Nginx(folder, ["127.0.0.1:1", "127.0.0.1:2"]).check()
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertNotIn("[warn]", checked.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)

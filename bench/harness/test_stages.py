"""The submission's stages, in the order and with the files of the harness's driver, and what they say when something is wrong.

The harness itself isn't needed: `install.sh` is given a folder that looks like its checkout.

Run by `cargo xtask interop` as: python test_stages.py VEILCAST, from the repository's root.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import table

VEILCAST = str(Path(sys.argv.pop(1)).resolve()) if len(sys.argv) > 1 else shutil.which("veilcast")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PIXELS = 28 * 28
SIZES = ["single", "small", "medium", "large"]
CLIENT_BEFORE = ["client_preprocess_input", "client_encode_encrypt_input"]
#: The pixels' texts, with the digits that the harness writes.
TEXTS = [f"{pixel / 255:.6f}" for pixel in range(256)]
CLIENT_AFTER = ["client_decrypt_decode", "client_postprocess"]


def unpacked(name, header):
    return gzip.decompress((ROOT / "data" / "mnist" / name).read_bytes())[header:]


IMAGES = unpacked("t10k-images-idx3-ubyte.gz", 16)
LABELS = unpacked("t10k-labels-idx1-ubyte.gz", 8)


#: The training images are unpacked once, for all folders.
UNPACKED = tempfile.TemporaryDirectory()


def run(command, folder):
    return subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=120)


class Checkout:
    """A folder as the harness's checkout, with the submission of a model in it."""

    def __init__(self, test, model, folder="submission"):
        place = tempfile.TemporaryDirectory()
        test.addCleanup(place.cleanup)
        self.test = test
        self.root = Path(place.name)
        self.folder = folder
        (self.root / "harness" / "mnist").mkdir(parents=True)
        (self.root / "harness" / "mnist" / "data").symlink_to(UNPACKED.name)
        (self.root / "harness" / "run_submission.py").touch()
        done = self.install(ROOT / "models" / model)
        test.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        # As the driver builds a submission.
        for script in [["scripts/get_openfhe.sh"], ["scripts/build_task.sh", f"./{folder}"]]:
            self.test.assertEqual(run([self.root / script[0], *script[1:]], self.root).returncode, 0)

    def install(self, model, program=VEILCAST):
        command = [HERE / "install.sh", self.root, model, self.folder]
        return subprocess.run(command, env={**os.environ, "VEILCAST": program}, capture_output=True, text=True)

    def generate(self, size, count, change=lambda rows: rows):
        """Writes the images as the harness's generate_input.py does."""
        rows = [IMAGES[at : at + PIXELS] for at in range(0, count * PIXELS, PIXELS)]
        lines = change([" ".join(map(TEXTS.__getitem__, row)) for row in rows])
        folder = self.root / "datasets" / SIZES[size] / "intermediate"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "test_pixels.txt").write_text("".join(line + "\n" for line in lines))

    def stage(self, name, *arguments):
        done = run([self.root / self.folder / "build" / name, *arguments], self.root)
        self.test.assertEqual((name, done.returncode), (name, 0), done.stderr)

    def fails(self, said, name, *arguments):
        done = run([self.root / self.folder / "build" / name, *arguments], self.root)
        self.test.assertNotEqual(done.returncode, 0, f"{name} {arguments} didn't fail")
        self.test.assertIn(said, done.stderr)
        self.test.assertNotIn("Traceback", done.stderr)

    def labels(self, size):
        return (self.root / "io" / SIZES[size] / "encrypted_model_predictions.txt").read_text().split()

    def all_stages(self, size):
        self.stage("client_key_generation", size)
        self.stage("server_preprocess_model")
        self.predict(size)

    def predict(self, size):
        for name in [*CLIENT_BEFORE, "server_encrypted_compute", *CLIENT_AFTER]:
            self.stage(name, size)


class Stages(unittest.TestCase):
    def test_a_hundred_images_are_predicted_as_the_model_does_in_the_clear(self):
        checkout = Checkout(self, "digits-hybrid")
        checkout.generate(1, 100)
        checkout.all_stages(1)
        report = run([VEILCAST, "evaluate", "--model", "models/digits-hybrid", "--data", "data/mnist", "--limit", 100, "--json"], ROOT)
        accuracy = json.loads(report.stdout)["quantized"]["accuracy"]
        labels = checkout.labels(1)
        right = sum(label == str(true) for label, true in zip(labels, LABELS[:100], strict=True))
        self.assertEqual(right, round(accuracy * 100))
        self.assertGreaterEqual(right, 95)

        # The server has the public key, and no file of the client's secrets is where it reads or writes.
        io = checkout.root / "io" / "small"
        public = json.loads((io / "public_keys" / "key.json").read_text())
        self.assertNotIn("p", public)
        secret = io / "secret_key" / "key.json"
        self.assertEqual(secret.stat().st_mode & 0o077, 0, "others can read the key")

    def test_the_driver_may_repeat_the_stages_from_the_images_on(self):
        checkout = Checkout(self, "digits", "submissions/mnist")
        checkout.generate(0, 1)
        checkout.all_stages(0)
        self.assertEqual(checkout.labels(0), ["7"])
        checkout.generate(0, 2, lambda rows: rows[1:])
        checkout.predict(0)
        self.assertEqual(checkout.labels(0), ["2"])

        # The answer to another request, or a damaged one, is no answer to this one.
        io = checkout.root / "io" / "single"
        old = (io / "ciphertexts_download" / "response-00").read_bytes()
        checkout.stage("client_encode_encrypt_input", 0)
        (io / "ciphertexts_download" / "response-00").write_bytes(old)
        checkout.fails("the program couldn't decrypt", "client_decrypt_decode", 0)

    def test_more_images_than_a_request_takes_fill_whole_ciphertexts(self):
        # 189 scores of 16 bits share a ciphertext, or 252 of 12 bits: four times as many are 1,008.
        for model, expected in [("digits", [5 * 189] * 10 + [550]), ("digits-hybrid", [1000] * 10)]:
            checkout = Checkout(self, model)
            checkout.generate(3, 10_000)
            checkout.stage("client_preprocess_input", 3)
            parts = sorted((checkout.root / "io" / "large" / "intermediate").glob("images-*.idx"))
            counts = [int.from_bytes(part.read_bytes()[4:8], "big") for part in parts]
            self.assertEqual(counts, expected)
            self.assertEqual(b"".join(part.read_bytes()[16:] for part in parts), IMAGES)

    def test_stages_say_what_is_missing(self):
        checkout = Checkout(self, "digits")
        wanted = "say which size: 0 (single), 1 (small), 2 (medium) or 3 (large)"
        for name in ["client_key_generation", *CLIENT_BEFORE, "server_encrypted_compute", *CLIENT_AFTER]:
            for arguments in [[], ["4"], ["single"]]:
                checkout.fails(wanted, name, *arguments)

        there_is_no = "there is no io/single/"
        checkout.fails("there is no datasets/single/intermediate/test_pixels.txt", CLIENT_BEFORE[0], 0)
        checkout.generate(0, 1)
        checkout.stage(CLIENT_BEFORE[0], 0)
        checkout.fails(f"{there_is_no}secret_key/key.json: run client_key_generation first", CLIENT_BEFORE[1], 0)
        checkout.fails(f"{there_is_no}secret_key/key.json: run client_key_generation first", CLIENT_AFTER[0], 0)
        checkout.stage("client_key_generation", 0)
        checkout.fails(f"{there_is_no}ciphertexts_upload/request-00: run client_encode_encrypt_input first", "server_encrypted_compute", 0)
        checkout.stage(CLIENT_BEFORE[1], 0)
        checkout.fails(f"{there_is_no}ciphertexts_download/response-00: run server_encrypted_compute first", CLIENT_AFTER[0], 0)
        checkout.fails(f"{there_is_no}intermediate/predictions-00.csv: run client_decrypt_decode first", CLIENT_AFTER[1], 0)

        (checkout.root / "submission" / "model" / "weights.safetensors").unlink()
        checkout.fails("weights.safetensors", "server_preprocess_model")
        (checkout.root / "submission" / "veilcast").unlink()
        checkout.fails("there is no program", "client_key_generation", 0)

    def test_images_are_checked(self):
        checkout = Checkout(self, "digits")
        stage = "client_preprocess_input"
        path = "datasets/small/intermediate/test_pixels.txt"
        checkout.generate(1, 99)
        checkout.fails(f"{path} has 99 images, where the size small has 100 or 15", stage, 1)
        checkout.generate(1, 100, lambda rows: rows[:5] + [rows[5][:-9]] + rows[6:])
        checkout.fails(f"{path}, line 6: 783 numbers, where an image has 784", stage, 1)
        for text, said in [("0.5", "0.5 is no pixel"), ("-0.003922", "-0.003922 is no pixel"), ("nan", "nan is no pixel"), ("a", "'a' is no")]:
            checkout.generate(1, 100, lambda rows, first=text: [first + rows[0][8:]] + rows[1:])
            checkout.fails(f"{path}, line 1: {said}", stage, 1)

        # Predictions of fewer images than there are now.
        checkout.generate(0, 1)
        checkout.all_stages(0)
        checkout.generate(0, 2)
        checkout.fails("there are 1 predictions of 2 images", "client_postprocess", 0)


class Results(unittest.TestCase):
    def test_the_published_rows_are_what_was_measured(self):
        published = (ROOT / "BENCHMARKS.md").read_text().splitlines()
        rows = list(table.rows())
        self.assertEqual(len(rows), 16)
        for row in rows:
            self.assertIn(row, published)


class Install(unittest.TestCase):
    def test_what_cannot_be_installed_is_refused(self):
        checkout = Checkout(self, "digits")
        model = ROOT / "models" / "digits"
        self.assertIn("take a second round", checkout.install(ROOT / "models" / "digits-square").stderr)
        self.assertIn("it has no card.json", checkout.install(ROOT / "models").stderr)
        self.assertIn("name it with VEILCAST", checkout.install(model, "no-such-program").stderr)
        checkout.folder = "../elsewhere"
        self.assertIn("not ../elsewhere", checkout.install(model).stderr)
        checkout.folder = "submission"
        (checkout.root / "harness" / "run_submission.py").unlink()
        self.assertIn("is no checkout of the harness", checkout.install(model).stderr)
        self.assertTrue((checkout.root / "submission" / "build" / "client_key_generation").exists(), "nothing was replaced")


if __name__ == "__main__":
    unittest.main()

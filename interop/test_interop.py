"""Veilcast and python-paillier together: keys, ciphertexts, and a client of the service.

Run by `cargo xtask interop` as: python test_interop.py VEILCAST, from the repository's root.
"""

import contextlib
import csv
import gzip
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import phe
from phe import paillier
from phe.util import base64_to_int

import fixed_point
import phe_client
import seeded

VEILCAST = sys.argv.pop(1)
MODEL = Path("models/digits")
FIXTURES = Path("crates/paillier/tests/fixtures")
KEY_BITS = 2048


def veilcast(*arguments):
    """Runs the binary; gives its standard output."""
    done = subprocess.run([VEILCAST, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"veilcast {arguments} failed: {done.stderr}")
    return done.stdout


def pheutil(*arguments):
    """Runs python-paillier's own command-line tool; gives its standard output."""
    tool = Path(sys.executable).with_name("pheutil")
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"pheutil {arguments} failed: {done.stderr}")
    return done.stdout


def load_key(path):
    """python-paillier's keys of a key file."""
    content = json.loads(Path(path).read_text())
    public = paillier.PaillierPublicKey(base64_to_int(content["pub"]["n"]))
    p, q = base64_to_int(content["p"]), base64_to_int(content["q"])
    return public, paillier.PaillierPrivateKey(public, p, q)


def test_images(count):
    """The first of MNIST's test images, and their labels."""
    with gzip.open("data/mnist/t10k-images-idx3-ubyte.gz") as file:
        pixels = file.read(16 + 784 * count)[16:]
    with gzip.open("data/mnist/t10k-labels-idx1-ubyte.gz") as file:
        labels = file.read(8 + count)[8:]
    return [list(pixels[784 * i : 784 * (i + 1)]) for i in range(count)], list(labels)


class Interoperability(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name)
        cls.theirs, cls.ours = cls.path / "phe.json", cls.path / "veilcast.json"
        pheutil("genpkey", "--keysize", KEY_BITS, cls.theirs)
        veilcast("keygen", "--bits", KEY_BITS, "--out", cls.ours)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_their_keys_are_read(self):
        public = load_key(self.theirs)[0]
        for name, kind in [("phe.json", "secret_key"), ("phe.pub.json", "public_key")]:
            if kind == "public_key":
                pheutil("extract", self.theirs, self.path / name)
            facts = json.loads(veilcast("inspect", "--json", self.path / name))
            self.assertEqual((facts["kind"], facts["bits"]), (kind, KEY_BITS))
            written = json.loads(veilcast("pubkey", self.path / name))
            self.assertEqual(base64_to_int(written["n"]), public.n)

    def test_our_keys_are_read(self):
        public_file = self.path / "veilcast.pub.json"
        veilcast("pubkey", self.ours, "--out", public_file)
        encrypted = self.path / "number.json"
        pheutil("encrypt", "--output", encrypted, public_file, "--", "-42.5")
        self.assertEqual(float(pheutil("decrypt", self.ours, encrypted)), -42.5)

    def test_our_ciphertexts_are_decrypted(self):
        card = json.loads((MODEL / "card.json").read_text())
        [image], _ = test_images(1)
        table = self.path / "image.csv"
        with table.open("w") as file:
            csv.writer(file).writerows([[f"pixel{i}" for i in range(784)], image])
        request = self.path / "request"
        veilcast(
            "encrypt", "--key", self.ours, "--card", MODEL / "card.json", "--in", table,
            "--out", request,
        )  # fmt: skip
        content = request.read_bytes()
        header, end = json.JSONDecoder().raw_decode(content[: content.index(b"\0")].decode("latin1"))
        # The planner chose `features`: k features per ciphertext, S + 41 bits from one to the next.
        parameters = header["parameters"]
        self.assertEqual(parameters["layout"], "features")
        per_ciphertext = parameters["features_per_ciphertext"]
        unit = card["bounds"]["slot_bits"] + 41
        values = phe_client.quantize(card, image)
        groups = [values[i : i + per_ciphertext] for i in range(0, 784, per_ciphertext)]
        self.assertEqual(header["inputs"][0]["shape"], [1, len(groups)])
        _, private = load_key(self.ours)
        width = 2 * KEY_BITS // 8
        elements = content[end:]
        self.assertEqual(len(elements), len(groups) * (4 + width))
        for i, group in enumerate(groups):
            element = elements[i * (4 + width) : (i + 1) * (4 + width)]
            self.assertEqual(int.from_bytes(element[:4], "little"), width)
            packed = sum(value << unit * j for j, value in enumerate(group))
            self.assertEqual(private.raw_decrypt(int.from_bytes(element[4:], "big")), packed)

    def test_their_ciphertexts_are_decrypted(self):
        """A response that python-paillier made, with the mask that a service would add."""
        content = (MODEL / "card.json").read_bytes()
        card = json.loads(content)
        public, _ = load_key(self.theirs)
        slot_bits = card["bounds"]["slot_bits"]
        scores = [1000 * (i - 4) for i in range(10)]
        width = 2 * KEY_BITS // 8
        ciphertexts = []
        for value in scores:
            masked = value + 2 ** (slot_bits - 1) + 2**slot_bits * 12345678901234567890
            ciphertexts.append(phe_client.ciphertext_bytes(public, public.raw_encrypt(masked)))
        body = b"".join(width.to_bytes(4, "little") + ciphertext for ciphertext in ciphertexts)
        facts = json.loads(veilcast("inspect", "--json", self.theirs))
        digest = json.loads(veilcast("inspect", "--json", MODEL / "card.json"))["card_digest"]
        header = {
            "model_name": card["name"],
            "model_version": card["version"],
            "parameters": {
                "key_fingerprint": facts["fingerprint"],
                "layout": "scalar",
                "card_digest": digest,
                "request_digest": phe_client.digest(b"a request"),
                "scores_digest": phe_client.digest(b"".join(ciphertexts)),
            },
            "outputs": [
                {
                    "name": "scores",
                    "shape": [1, 10],
                    "datatype": "BYTES",
                    "parameters": {"binary_data_size": len(body)},
                }
            ],
        }
        response, table = self.path / "response", self.path / "predictions.csv"
        response.write_bytes(json.dumps(header).encode() + body)
        veilcast(
            "decrypt", "--key", self.theirs, "--card", MODEL / "card.json", "--in", response,
            "--out", table,
        )  # fmt: skip
        with table.open() as file:
            _, row = csv.reader(file)
        scaled = [value * scale for value, scale in zip(scores, card["output"]["scales"])]
        self.assertEqual([float(value) for value in row[2 : 2 + len(scaled)]], scaled)

    @contextlib.contextmanager
    def serving(self):
        """A service, as long as it is needed."""
        server = subprocess.Popen(
            [VEILCAST, "serve", "--json", "--model", MODEL, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            url = json.loads(server.stdout.readline())["listening"]
            yield phe_client.Service(url)
        finally:
            server.terminate()
            server.communicate(timeout=60)
        self.assertEqual(server.returncode, 0, "the service ends in order")

    def test_a_key_is_proved_once(self):
        """Without a proof a new key is refused; once it is accepted, no more is needed."""
        [image], _ = test_images(1)
        public, private = load_key(self.theirs)
        with self.serving() as service:
            card, digest = service.card("digits")
            message = phe_client.request(public, digest, [phe_client.quantize(card, image)])

            def refusal(message):
                with self.assertRaises(phe_client.Refused) as caught:
                    service.infer("digits", message)
                return caught.exception.status, caught.exception.code

            needed = (428, "key_proof_needed")
            self.assertEqual(refusal(message), needed)
            # A proof of another key, the right one cut short, and no base64 at all.
            other = phe_client.proved(message, load_key(FIXTURES / "keys" / "good-2048.json")[1])
            self.assertEqual(refusal(other), (400, "invalid_key_proof"))
            right = phe_client.proved(message, private)
            for malformed in (right["parameters"]["key_proof"][:-4], "=" * 2731):
                wrong = {**message, "parameters": {**message["parameters"], "key_proof": malformed}}
                self.assertEqual(refusal(wrong), (400, "malformed_key_proof"))
            self.assertEqual(refusal(message), needed, "refused proofs prove nothing")

            first, _ = service.infer("digits", right)
            second, body = service.infer("digits", message)
            phe_client.scores_in(second, message, body, public)
            for answer in (first, second):
                self.assertEqual(answer["id"], message["id"])
            # The answer to the one is not the answer to the other, though all else is the same.
            with self.assertRaisesRegex(ValueError, "another request"):
                phe_client.scores_in(first, message, body, public)

    def test_seeds_give_the_same_ciphertexts(self):
        """The vectors that the Rust code is tested with too."""
        cases = json.loads((FIXTURES / "seeded.json").read_text())["cases"]
        self.assertTrue(cases)
        for case in cases:
            n, seed = int(case["n"], 16), bytes.fromhex(case["seed"])
            for number, expected in enumerate(case["ciphertexts"], case["first"]):
                self.assertEqual(seeded.ciphertext(n, seed, number), int(expected, 16))

    def test_phe_gives_the_vectors_of_fractions(self):
        """The vectors that the Rust code is tested with."""
        vectors = json.loads((FIXTURES / "fixed-point.json").read_text())
        keys = load_key(FIXTURES / "keys" / vectors["key"])
        for name, cases in fixed_point.vectors(*keys).items():
            self.assertEqual(cases, vectors[name], name)

    def test_a_client_of_phe_alone(self):
        """Right predictions through the scalar layout, from a running service."""
        images, labels = test_images(2)
        public, private = load_key(self.theirs)
        with self.serving() as service:
            scores = phe_client.predict(service, "digits", public, private, images)
        card = json.loads((MODEL / "card.json").read_text())
        scales = card["output"]["scales"]
        for row, label in zip(scores, labels):
            scaled = [value * scale for value, scale in zip(row, scales)]
            self.assertEqual(scaled.index(max(scaled)), label)


if __name__ == "__main__":
    print(f"python-paillier {phe.__version__}, GMP: {phe.util.HAVE_GMP}")
    unittest.main(verbosity=2)

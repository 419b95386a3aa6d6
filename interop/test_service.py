"""The service and programs that know nothing of it but its protocol: Triton's own client, and schemathesis, which sends whatever
the OpenAPI document allows and forbids.

Run by `cargo xtask interop` as: python test_service.py VEILCAST, from the repository's root.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from phe import paillier
from tritonclient.utils import InferenceServerException

import key_proof
import phe_client
import vouchers

VEILCAST = sys.argv.pop(1)
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
MODEL = "digits"
#: How many requests schemathesis makes up for an operation, besides those for every boundary of the document.
EXAMPLES = 20


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.public, cls.operators = (f"127.0.0.1:{free_port()}" for _ in range(2))
        variables = {"VEILCAST_OPERATOR_LISTEN": cls.operators}
        cls.process = subprocess.Popen(
            [VEILCAST, "serve", "--model", "models/digits", "--model", "models/digits-hybrid", "--listen", cls.public],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        cls.addClassCleanup(cls.process.wait)
        cls.addClassCleanup(cls.process.kill)
        cls.addClassCleanup(cls.process.stdout.close)
        assert cls.process.stdout.readline().startswith("listening on")
        cls.client = triton.InferenceServerClient(cls.public, network_timeout=120)
        cls.addClassCleanup(cls.client.close)

    def test_tritons_client_learns_what_is_served(self):
        client = self.client
        self.assertTrue(client.is_server_live() and client.is_server_ready())
        self.assertTrue(client.is_model_ready(MODEL) and client.is_model_ready(MODEL, "1"))
        self.assertFalse(client.is_model_ready("none"))
        self.assertEqual(client.get_server_metadata()["name"], "veilcast")
        described = client.get_model_metadata(MODEL)
        self.assertEqual(described["versions"], ["1"])
        self.assertEqual(described["inputs"], [{"name": "ciphertexts", "datatype": "BYTES", "shape": [-1, 784]}])

    def test_tritons_client_predicts(self):
        public, private = paillier.generate_paillier_keypair(n_length=2048)
        card, card_digest = phe_client.Service(f"http://{self.public}").card(MODEL)
        record = [value % 4 for value in range(784)]
        message = phe_client.request(public, card_digest, [record])
        elements = message["inputs"][0]["data"]
        # `id` is an argument of its own; the key's proof goes with the first request.
        parameters = {**message["parameters"], "key_proof": key_proof.text(key_proof.prove(private.p, private.q))}
        for is_binary in [True, False]:
            data = [base64.b64decode(text) if is_binary else text.encode() for text in elements]
            given = triton.InferInput("ciphertexts", [1, len(record)], "BYTES")
            given.set_data_from_numpy(np.array([data], dtype=object), binary_data=is_binary)
            wanted = triton.InferRequestedOutput("scores", binary_data=is_binary)
            answer = self.client.infer(MODEL, [given], outputs=[wanted], request_id=message["id"], parameters=parameters)
            self.assertEqual(answer.get_response()["id"], message["id"])
            raw = answer.as_numpy("scores").reshape(-1)
            numbers = [int.from_bytes(element if is_binary else base64.b64decode(element), "big") for element in raw]
            scores = [phe_client.score(card, private.raw_decrypt(number)) for number in numbers]
            self.assertEqual(len(scores), 10)
            if is_binary:
                first = scores
        self.assertEqual(scores, first, "both forms of the same request have the same scores")

        # What is refused comes as an error of the protocol.
        with self.assertRaises(InferenceServerException) as refused:
            self.client.infer("none", [given], parameters=parameters)
        self.assertIn("no such model", refused.exception.message())

    def test_tritons_client_predicts_with_vouchers(self):
        public, private = paillier.generate_paillier_keypair(n_length=2048)
        service = phe_client.Service(f"http://{self.public}")
        kept = vouchers.fill(service, MODEL, public, private, 3)
        record = [255 * (value % 5) // 4 for value in range(784)]
        [expected] = phe_client.predict(service, MODEL, public, private, [record])
        quantized = phe_client.quantize(kept.card, record)
        datatype = vouchers.datatype(kept.card["bounds"]["slot_bits"])
        for is_binary in [True, False]:
            parameters, masked, scores = kept.mask(quantized)
            given = triton.InferInput("masked_records", [1, len(masked)], datatype)
            given.set_data_from_numpy(np.array([masked], dtype=datatype.lower()), binary_data=is_binary)
            wanted = triton.InferRequestedOutput("masked_scores", binary_data=is_binary)
            answer = self.client.infer(MODEL, [given], outputs=[wanted], parameters=parameters)
            self.assertEqual(scores(answer.as_numpy("masked_scores")[0].tolist()), expected)

        # Vouchers of a service that has another secret.
        parameters, masked, _ = kept.mask(quantized)
        with self.assertRaises(InferenceServerException) as refused:
            self.client.infer(MODEL, [given], parameters={**parameters, "voucher_secret": "00" * 8})
        self.assertIn("no longer good", refused.exception.message())

    def test_tritons_client_loads_and_unloads_models(self):
        with triton.InferenceServerClient(self.operators) as operator:
            index = operator.get_model_repository_index()
            self.assertEqual(
                [(one["name"], one["version"], one["state"]) for one in index],
                [("digits", "1", "READY"), ("digits-hybrid", "1", "READY")],
            )
            operator.unload_model("digits-hybrid")
            self.assertFalse(self.client.is_model_ready("digits-hybrid"))
            self.assertTrue(self.client.is_model_ready(MODEL))
            operator.load_model("digits-hybrid")
            self.assertTrue(self.client.is_model_ready("digits-hybrid"))
            with self.assertRaises(InferenceServerException):
                operator.load_model("none")
            with self.assertRaises(InferenceServerException):
                operator.load_model(MODEL, config="{}")

    def test_the_service_is_what_its_description_says(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            # So that requests get past the path: names that exist, and some that don't.
            (folder / "schemathesis.toml").write_text(
                '[parameters]\n"path.model" = ["digits", "digits-hybrid", "none"]\n"path.version" = ["1", "2"]\n'
            )
            document = folder / "openapi.json"
            with urllib.request.urlopen(f"http://{self.public}/openapi.json") as answer:
                described = json.load(answer)
            # What only the operators' listener answers is tested above.
            operators = {path for path in described["paths"] if path == "/metrics" or "/repository/" in path}
            for path in operators:
                del described["paths"][path]
            document.write_text(json.dumps(described))
            done = subprocess.run(
                [
                    *[SCHEMATHESIS, "--config-file", folder / "schemathesis.toml", "run", document],
                    *["--url", f"http://{self.public}", "--phases", "examples,coverage,fuzzing"],
                    # A document can't say what a ciphertext is: what has the right shape is refused all the same.
                    *["--checks", "all", "--exclude-checks", "positive_data_acceptance"],
                    *["--max-examples", str(EXAMPLES), "--seed", "1", "--suppress-health-check", "all"],
                    *["--no-color", "--warnings", "off"],
                ],
                cwd=folder,
                capture_output=True,
                text=True,
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            tested = [line for line in done.stdout.splitlines() if "generated" in line]
            self.assertTrue(tested, done.stdout)
            print(f"schemathesis: {tested[0].strip()}")


if __name__ == "__main__":
    unittest.main()

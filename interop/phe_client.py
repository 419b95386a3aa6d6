"""A client of a Veilcast service written with python-paillier and the standard library alone.

All it knows of a model is its public card, and all it uses is the `scalar` layout over JSON: one
feature per ciphertext, one score per ciphertext. Numbers are encrypted as plain integers
(`raw_encrypt`), not in python-paillier's own encoding of fractions.
"""

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request

import key_proof


def quantize(card, raw):
    """The integers of a raw record, as the card says: preprocess, then round half up and clip."""
    values = list(raw)
    for step in card["input"]["preprocessing"]["steps"]:
        if step["op"] != "scale":
            raise ValueError(f"unknown preprocessing step {step}")
        values = [value * step["factor"] for value in values]
    rule = card["quantization"]
    top = 2 ** rule["bits"] - 1
    step, zero = rule["step"], rule["zero"]
    return [min(max(int((value - zero) / step + 0.5), 0), top) for value in values]


def ciphertext_bytes(key, ciphertext):
    """A ciphertext's one encoding: big-endian, twice the bytes of n."""
    return ciphertext.to_bytes(2 * modulus_length(key), "big")


def modulus_length(key):
    return (key.n.bit_length() + 7) // 8


def score(card, raw):
    """The integer score in a decrypted answer: what is above bit S is a mask."""
    slot_bits = card["bounds"]["slot_bits"]
    return raw % 2**slot_bits - 2 ** (slot_bits - 1)


def request(key, card_digest, records):
    """The JSON of a request for quantised records, with an id that no other request has."""
    n = key.n.to_bytes(modulus_length(key), "big")
    data = [
        base64.b64encode(ciphertext_bytes(key, key.raw_encrypt(value))).decode()
        for record in records
        for value in record
    ]
    return {
        "id": secrets.token_hex(16),
        "parameters": {
            "public_key": base64.urlsafe_b64encode(n).rstrip(b"=").decode(),
            "layout": "scalar",
            "card_digest": card_digest,
        },
        "inputs": [
            {
                "name": "ciphertexts",
                "shape": [len(records), len(records[0])],
                "datatype": "BYTES",
                "data": data,
            }
        ],
    }


class Refused(Exception):
    """A service's refusal: its status, the code for programs, and the text for people."""

    def __init__(self, status, problem):
        super().__init__(f"{problem['code']}: {problem['error']}")
        self.status, self.code = status, problem["code"]


class Service:
    """A Veilcast service at a URL."""

    def __init__(self, url):
        self.url = url
        # Keys, by n, that the service has accepted: they need no proof.
        self.accepted = set()

    def card(self, model):
        """A model's card, and the digest of its exact bytes."""
        with urllib.request.urlopen(f"{self.url}/v2/models/{model}/card") as answer:
            content = answer.read()
        return json.loads(content), digest(content)

    def infer(self, model, message):
        """The answer to a request, and the request's exact bytes."""
        body = json.dumps(message).encode()
        headers = {"Content-Type": "application/json"}
        call = urllib.request.Request(f"{self.url}/v2/models/{model}/infer", body, headers)
        try:
            with urllib.request.urlopen(call) as answer:
                return json.load(answer), body
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.load(error)) from None

    def infer_proved(self, model, message, public, private):
        """The same, with the key's proof until the service has accepted the key, and if it asks."""
        if public.n not in self.accepted:
            message = proved(message, private)
        try:
            result = self.infer(model, message)
        except Refused as error:
            if error.code != "key_proof_needed" or public.n not in self.accepted:
                raise
            result = self.infer(model, proved(message, private))
        self.accepted.add(public.n)
        return result


def proved(message, private):
    """A request with the proof that the key's n has no factor in common with φ(n)."""
    proof = key_proof.text(key_proof.prove(private.p, private.q))
    return {**message, "parameters": {**message["parameters"], "key_proof": proof}}


def scores_in(answer, message, body, public):
    """The scores' bytes in an answer, after all checks that it is the answer to a request."""
    [scores] = answer["outputs"]
    raw = [base64.b64decode(text) for text in scores["data"]]
    parameters, asked = answer["parameters"], message["parameters"]
    n = public.n.to_bytes(modulus_length(public), "big")
    expected = {
        "id": (answer["id"], message["id"]),
        "key": (parameters["key_fingerprint"], hashlib.sha256(n).hexdigest()),
        "card": (parameters["card_digest"], asked["card_digest"]),
        "layout": (parameters["layout"], asked["layout"]),
        "request": (parameters["request_digest"], digest(body)),
        "scores": (parameters["scores_digest"], digest(b"".join(raw))),
    }
    for what, (got, wanted) in expected.items():
        if got != wanted:
            raise ValueError(f"the answer is not the one to the request: another {what}")
    return scores["shape"], raw


def digest(content):
    """A digest as messages name it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def predict(service, model, public, private, records):
    """The integer scores of raw records, a list a record."""
    card, card_digest = service.card(model)
    message = request(public, card_digest, [quantize(card, record) for record in records])
    answer, body = service.infer_proved(model, message, public, private)
    (rows, columns), raw = scores_in(answer, message, body, public)
    values = [score(card, private.raw_decrypt(int.from_bytes(c, "big"))) for c in raw]
    table = [values[row * columns : (row + 1) * columns] for row in range(rows)]
    bounds = card["bounds"]
    largest = bounds.get("largest_scores", [2 ** (bounds["slot_bits"] - 1) - 1] * columns)
    if any(abs(value) > bound for row in table for value, bound in zip(row, largest)):
        raise ValueError("the decrypted scores are not what the card promises")
    return table

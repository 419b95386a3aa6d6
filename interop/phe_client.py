"""A client of a Veilcast service written with python-paillier and the standard library alone.

All it knows of a model is its public card, and all it uses is the `scalar` layout over JSON: one
feature a ciphertext, one score a ciphertext. Numbers are encrypted as plain integers
(`raw_encrypt`), not in python-paillier's own encoding of fractions.
"""

import base64
import hashlib
import json
import urllib.request


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
    """The JSON of a request for quantised records."""
    n = key.n.to_bytes(modulus_length(key), "big")
    data = [
        base64.b64encode(ciphertext_bytes(key, key.raw_encrypt(value))).decode()
        for record in records
        for value in record
    ]
    return {
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


class Service:
    """A Veilcast service at a URL."""

    def __init__(self, url):
        self.url = url

    def card(self, model):
        """A model's card, and the digest of its exact bytes."""
        with urllib.request.urlopen(f"{self.url}/v2/models/{model}/card") as answer:
            content = answer.read()
        return json.loads(content), "sha256:" + hashlib.sha256(content).hexdigest()

    def infer(self, model, message):
        body = json.dumps(message).encode()
        headers = {"Content-Type": "application/json"}
        call = urllib.request.Request(f"{self.url}/v2/models/{model}/infer", body, headers)
        with urllib.request.urlopen(call) as answer:
            return json.load(answer)


def predict(service, model, public, private, records):
    """The integer scores of raw records, a list a record."""
    card, digest = service.card(model)
    message = request(public, digest, [quantize(card, record) for record in records])
    answer = service.infer(model, message)
    if answer["parameters"]["card_digest"] != digest:
        raise ValueError("the answer was computed with another card")
    [scores] = answer["outputs"]
    rows, columns = scores["shape"]
    raw = [
        private.raw_decrypt(int.from_bytes(base64.b64decode(text), "big"))
        for text in scores["data"]
    ]
    values = [score(card, value) for value in raw]
    return [values[row * columns : (row + 1) * columns] for row in range(rows)]

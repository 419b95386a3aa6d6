"""Vouchers, by python-paillier and the standard library alone.

Written from the book's description, apart from the Rust code. What is sent in advance goes through `phe_client`; what is sent
once a record is known is plain integers, for any client of the protocol.
"""

import base64
import hashlib
import secrets

import phe_client


def geometry(card, key_bits):
    """The bits of a number, the bits from one voucher to the next in a ciphertext, and the vouchers that it holds."""
    slot_bits = card["bounds"]["slot_bits"]
    largest = 2 ** card["quantization"]["bits"] - 1
    unit = slot_bits + ((2**slot_bits - 1) // largest).bit_length() + 41
    return slot_bits, unit, (key_bits - 1) // unit


def datatype(slot_bits):
    """The narrowest V2 datatype for a number of these bits."""
    return next(f"UINT{bits}" for bits in (16, 32, 64) if slot_bits <= bits)


class Vouchers:
    """Vouchers of one batch: a number r for each feature, and a for each output."""

    def __init__(self, card, card_digest, public, records, shares, parameters):
        self.card, self.card_digest, self.public = card, card_digest, public
        self.kept = list(enumerate(zip(records, shares)))
        self.batch, self.secret = parameters["voucher_batch"], parameters["voucher_secret"]

    def mask(self, record):
        """Parameters and integers of a request for a quantised record, and what opens the answer; uses up a voucher."""
        slot_bits = self.card["bounds"]["slot_bits"]
        number, (r, a) = self.kept.pop()
        masked = [(x - y) % 2**slot_bits for x, y in zip(record, r, strict=True)]
        name = bytes.fromhex(self.batch) + number.to_bytes(4, "big")
        n = self.public.n.to_bytes(phe_client.modulus_length(self.public), "big")
        parameters = {
            "vouchers": base64.urlsafe_b64encode(name).rstrip(b"=").decode(),
            "voucher_secret": self.secret,
            "key_fingerprint": hashlib.sha256(n).hexdigest(),
            "card_digest": self.card_digest,
        }

        def scores(answer):
            numbers = ((z + y) % 2**slot_bits for z, y in zip(answer, a, strict=True))
            return [number - 2**slot_bits * (number >> (slot_bits - 1)) for number in numbers]

        return parameters, masked, scores


def fill(service, model, public, private, count):
    """Vouchers of a model."""
    card, card_digest = service.card(model)
    slot_bits, unit, group = geometry(card, public.n.bit_length())
    features = len(phe_client.quantize(card, [0] * 784))
    records = [[secrets.randbelow(2**slot_bits) for _ in range(features)] for _ in range(count)]
    groups = [records[start : start + group] for start in range(0, count, group)]
    packed = [
        [sum(record[feature] << (unit * slot) for slot, record in enumerate(group)) for feature in range(features)]
        for group in groups
    ]
    message = phe_client.request(public, card_digest, packed)
    message["parameters"] |= {"layout": "vouchers", "records": count}
    answer, body = service.infer_proved(model, message, public, private)
    (_, outputs), raw = phe_client.scores_in(answer, message, body, public)
    opened = [private.raw_decrypt(int.from_bytes(ciphertext, "big")) for ciphertext in raw]

    def share(voucher, output):
        row, slot = divmod(voucher, group)
        return (opened[row * outputs + output] >> (unit * slot)) % 2**slot_bits

    shares = [[share(voucher, output) for output in range(outputs)] for voucher in range(count)]
    return Vouchers(card, card_digest, public, records, shares, answer["parameters"])

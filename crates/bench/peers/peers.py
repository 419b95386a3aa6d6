"""Times other systems for computing on encrypted numbers: single operations, and one digit.

The case: an image of 784 pixels and ten outputs with signed weights, as a client
that encrypts, a server that computes Enc(W·x + b), and a client that decrypts. Every answer is
checked against W·x + b in the clear. CPU time, one thread, medians.

Our own service reads the request's bytes and writes the answer's; the peers' times leave that out. We are there three
times: in the layout that the planner chooses, in the textbook one, and with seeded uploads from a pool made ahead.

Each peer runs in a process of its own, because sf-heu picks its big-integer library when it loads.
Prints Markdown; --json FILE writes the same figures as JSON.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time

PIXELS, OUTPUTS = 784, 10
WEIGHT_BITS = int(os.environ.get("WEIGHT_BITS", "6"))
INPUT_BITS = int(os.environ.get("INPUT_BITS", "4"))

SINGLE = ["encrypt", "encrypt_of_many", "decrypt", "decrypt_of_many", "add", "multiply_77", "multiply_minus_77"]
CASE = ["client", "server", "decrypt_scores"]


def digit():
    """Pixels, weights (one row per output) and biases, the same in every run."""
    chance = random.Random(784)
    # About a fifth of a digit's pixels are ink.
    pixel = lambda: chance.randrange(1, 2**INPUT_BITS) if chance.random() < 0.2 else 0
    pixels = [pixel() for _ in range(PIXELS)]
    top = 2 ** (WEIGHT_BITS - 1)
    # Trained weights crowd around zero.
    weight = lambda: max(-top + 1, min(top - 1, round(chance.gauss(0, top / 4))))
    weights = [[weight() for _ in range(PIXELS)] for _ in range(OUTPUTS)]
    for row in weights:
        row[0] = top - 1  # quantising scales the largest weight to this
    largest = 2 ** (WEIGHT_BITS + INPUT_BITS + 2)
    biases = [chance.randrange(-largest, largest) for _ in range(OUTPUTS)]
    return pixels, weights, biases


def median_time(rounds, call, calls=1):
    times = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(calls):
            result = call()
        times.append((time.process_time() - start) / calls)
    return statistics.median(times), result


def measure_case(rounds, encrypt, serve, decrypt):
    """Times the three stages and checks the scores."""
    pixels, weights, biases = digit()
    figures = {}
    figures["client"], request = median_time(rounds, lambda: encrypt(pixels))
    figures["server"], response = median_time(rounds, lambda: serve(request, weights, biases))
    figures["decrypt_scores"], scores = median_time(rounds, lambda: decrypt(response))
    expected = [sum(w * x for w, x in zip(row, pixels)) + b for row, b in zip(weights, biases)]
    if [round(score) for score in scores] != expected:
        sys.exit(f"wrong scores: {scores} instead of {expected}")
    return figures


def measure_veilcast(bits, rounds, layout):
    """Our own figures, by the benchmark program that VEILCAST_BENCH names."""
    pixels, weights, biases = digit()
    case = {"pixels": pixels, "weights": weights, "biases": biases, "layout": layout}
    case |= {"weight_bits": WEIGHT_BITS, "input_bits": INPUT_BITS}
    done = subprocess.run(
        [os.environ["VEILCAST_BENCH"], "digit"],
        input=json.dumps(case | {"bits": bits, "rounds": rounds}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def measure_phe(bits, rounds, _variant):
    import phe
    from phe import paillier
    from phe.util import HAVE_GMP

    if not HAVE_GMP:
        sys.exit("phe runs without gmpy2: install it, or phe is measured unfairly")
    public, secret = paillier.generate_paillier_keypair(n_length=bits)
    a, b = public.encrypt(1234), public.encrypt(77)
    figures = {
        "encrypt": median_time(5 * rounds, lambda: public.encrypt(1234))[0],
        "decrypt": median_time(5 * rounds, lambda: secret.decrypt(a))[0],
        "add": median_time(5 * rounds, lambda: a + b, 50)[0],
        "multiply_77": median_time(5 * rounds, lambda: a * 77, 20)[0],
        "multiply_minus_77": median_time(5 * rounds, lambda: a * -77, 20)[0],
    }

    def serve(request, weights, biases):
        scores = []
        for row, bias in zip(weights, biases):
            score = public.encrypt(bias)  # re-randomises
            for c, w in zip(request, row):
                if w:
                    score = score + c * w
            scores.append(score)
        return scores

    return figures | measure_case(
        1,
        lambda pixels: [public.encrypt(x) for x in pixels],
        serve,
        lambda response: [secret.decrypt(c) for c in response],
    )


def measure_heu(bits, rounds, variant):
    """z-paillier or f-paillier, the server's part by its `matmul` or by bit-planes."""
    import numpy
    from heu import numpy as hnp
    from heu import phe

    scheme, server = variant.split("/")
    kit = hnp.setup(scheme, bits)
    encryptor, decryptor, evaluator = kit.encryptor(), kit.decryptor(), kit.evaluator()
    scalar = evaluator.phe if not callable(evaluator.phe) else evaluator.phe()
    encoder = kit.bigint_encoder()
    message = encoder.encode(1234)
    a, b = encryptor.encrypt(message), encryptor.encrypt(encoder.encode(77))
    figures = {
        "encrypt": median_time(5 * rounds, lambda: encryptor.encrypt(message), 5)[0],
        "decrypt": median_time(5 * rounds, lambda: decryptor.decrypt(a))[0],
        "add": median_time(5 * rounds, lambda: scalar.add(a, b), 50)[0],
        "multiply_77": median_time(5 * rounds, lambda: scalar.mul(a, 77), 20)[0],
        "multiply_minus_77": median_time(5 * rounds, lambda: scalar.mul(a, -77), 20)[0],
    }

    def encode(values):
        return kit.array(numpy.array(values, dtype=numpy.int64), phe.BigintEncoderParams())

    def by_matmul(request, weights, biases):
        product = evaluator.matmul(encode(weights), request)
        return evaluator.add(product, encode(biases))

    def by_bit_planes(request, weights, biases):
        def sum_of(magnitudes):
            total = None
            for bit in reversed(range(WEIGHT_BITS)):
                if total is not None:
                    total = scalar.add(total, total)
                plane = [i for i, w in enumerate(magnitudes) if w >> bit & 1]
                if plane:
                    part = evaluator.select_sum(request, plane)
                    total = part if total is None else scalar.add(total, part)
            return total

        scores = []
        for row, bias in zip(weights, biases):
            positive = sum_of([max(w, 0) for w in row])
            negative = sum_of([max(-w, 0) for w in row])
            score = scalar.sub(positive, negative)
            scores.append(scalar.add(score, encoder.encode(bias)))
        return scores

    def decrypt(response):
        if isinstance(response, list):
            return [encoder.decode(decryptor.decrypt(c)) for c in response]
        return list(decryptor.decrypt(response).to_numpy(encoder))

    serve = by_matmul if server == "matmul" else by_bit_planes
    encrypt = lambda pixels: encryptor.encrypt(encode(pixels))
    return figures | measure_case(rounds, encrypt, serve, decrypt)


def measure_tenseal(_bits, rounds, _variant):
    """CKKS at N = 4096 with ten inner products; single operations are on vectors, so left out."""
    import tenseal

    context = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS, poly_modulus_degree=4096, coeff_mod_bit_sizes=[40, 29, 40]
    )
    context.global_scale = 2**29
    context.generate_galois_keys()

    def serve(request, weights, _biases):
        return [request.dot([w / 128 for w in row]) for row in weights]

    pixels, weights, biases = digit()
    scale = 2**INPUT_BITS - 1
    encrypt = lambda: tenseal.ckks_vector(context, [x / scale for x in pixels])
    figures = {}
    figures["client"], request = median_time(5 * rounds, encrypt)
    figures["server"], response = median_time(rounds, lambda: serve(request, weights, biases))
    decrypt = lambda: [c.decrypt()[0] for c in response]
    figures["decrypt_scores"], scores = median_time(rounds, decrypt)
    for score, row in zip(scores, weights):
        expected = sum(w * x for w, x in zip(row, pixels)) / 128 / scale
        if abs(score - expected) > 0.1:
            sys.exit(f"wrong score: {score} instead of {expected}")
    return figures


def measure_helayers(_bits, rounds, _variant):
    """HElayers' CKKS (SEAL's) with 2,048 slots at 128 bits: the image twice in one ciphertext, two scores per answer.

    Messages are bytes, as between a client and a service.
    """
    import pyhelayerslite as helayers

    slots, half = 2048, 1024
    requirement = helayers.HeConfigRequirement(
        num_slots=slots, multiplication_depth=1, fractional_part_precision=24, integer_part_precision=8,
        security_level=128,
    )
    context = helayers.SealCkksContext()
    context.init(requirement)
    encoder = helayers.Encoder(context)
    pixels, weights, _ = digit()
    scale, top = 2**INPUT_BITS - 1, 2 ** (WEIGHT_BITS - 1)
    row = lambda values, by: [value / by for value in values] + [0.0] * (half - len(values))
    planes = [
        encoder.encode(row(first, top) + row(second, top)) for first, second in zip(weights[::2], weights[1::2])
    ]

    def read(message):
        ciphertext = helayers.CTile(context)
        ciphertext.load_from_buffer(message)
        return ciphertext

    def serve(request):
        image, answers = read(request), []
        for plane in planes:
            sums = image.get_multiply_plain(plane)
            step = 1
            while step < half:
                turned = helayers.CTile(sums)
                turned.rotate(step)
                sums.add(turned)
                step *= 2
            answers.append(sums.save_to_buffer())
        return answers

    def decrypt(response):
        answers = (encoder.decrypt_decode_double(read(answer)) for answer in response)
        return [answer[slot] for answer in answers for slot in (0, half)]

    encrypt = lambda: encoder.encode_encrypt(row(pixels, scale) * 2).save_to_buffer()
    figures = {}
    figures["client"], request = median_time(5 * rounds, encrypt)
    figures["server"], response = median_time(rounds, lambda: serve(request))
    figures["decrypt_scores"], scores = median_time(5 * rounds, lambda: decrypt(response))
    for score, row_of_weights in zip(scores, weights):
        expected = sum(w * x for w, x in zip(row_of_weights, pixels)) / top / scale
        if abs(score - expected) > 0.2:
            sys.exit(f"wrong score: {score} instead of {expected}")
    print(f"HElayers: {len(request)} bytes up, {sum(map(len, response))} down", file=sys.stderr)
    return figures


# name: (function, variant, environment, whether the key size in bits matters)
PEERS = {
    "veilcast": (measure_veilcast, "planned", {}, True),
    "veilcast, seeded": (measure_veilcast, "seeded", {}, True),
    "veilcast, textbook layout": (measure_veilcast, "textbook", {}, True),
    "phe": (measure_phe, "", {}, True),
    "heu z-paillier gmp, matmul": (
        measure_heu, "z-paillier/matmul", {"BIGINT_LIB": "gmp"}, True),
    "heu z-paillier openssl, bit-planes": (
        measure_heu, "z-paillier/planes", {"BIGINT_LIB": "openssl"}, True),
    "heu f-paillier gmp, bit-planes": (
        measure_heu, "f-paillier/planes", {"BIGINT_LIB": "gmp"}, True),
    "tenseal CKKS": (measure_tenseal, "", {}, False),
    "HElayers CKKS": (measure_helayers, "", {}, False),
}


def print_table(title, columns, figures, unit, scale):
    """A row a peer; in parentheses how many times ours it is."""
    ours = {entry["bits"]: entry for entry in figures if entry["peer"] == "veilcast"}
    # A peer that has no key size of its own is compared with our smallest.
    smallest = ours.get(min(ours, default=0), {})

    def cell(entry, column):
        if column not in entry:
            return "–"
        own = ours.get(entry["bits"], smallest).get(column)
        times = f" ({entry[column] / own:.1f}×)" if own and entry["peer"] != "veilcast" else ""
        return f"{entry[column] * scale:.4g}{times}"

    print(f"## {title}\n\n| peer | bits | {' | '.join(f'{c} {unit}' for c in columns)} |")
    print("|---" * (len(columns) + 2) + "|")
    for entry in figures:
        if columns[0] in entry:
            cells = (cell(entry, column) for column in columns)
            print(f"| {entry['peer']} | {entry['bits'] or '–'} | {' | '.join(cells)} |")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bits", default="2048,3072", help="key sizes, with commas between")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cycles", type=int, default=1, help="how often all peers take turns")
    parser.add_argument("--weight-bits", type=int, default=6, help="bits of a weight, with its sign")
    parser.add_argument("--input-bits", type=int, default=4, help="bits of a pixel")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--peer", choices=PEERS, action="append", help="this peer only")
    parser.add_argument("--one", nargs=2, metavar=("PEER", "BITS"), help=argparse.SUPPRESS)
    args = parser.parse_args()

    if args.one:
        measure, variant, _, _ = PEERS[args.one[0]]
        print(json.dumps(measure(int(args.one[1]), args.rounds, variant)))
        return

    figures = []
    # One thread each: what is compared is the work, not the number of cores.
    threads = {"YACL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "WEIGHT_BITS": str(args.weight_bits)}
    threads["INPUT_BITS"] = str(args.input_bits)
    # In turns, so that whatever slows the machine for a while slows all of them.
    runs = {}
    for _ in range(args.cycles):
        for peer in args.peer or PEERS:
            _, _, environment, by_bits = PEERS[peer]
            for bits in map(int, args.bits.split(",")) if by_bits else [0]:
                print(f"measuring {peer}, {bits} bits …", file=sys.stderr)
                done = subprocess.run(
                    [sys.executable, __file__, "--rounds", str(args.rounds), "--one", peer, str(bits)],
                    env=os.environ | threads | environment,
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                runs.setdefault((peer, bits), []).append(json.loads(done.stdout.splitlines()[-1]))
    for (peer, bits), measured in runs.items():
        medians = {
            key: statistics.median(run[key] for run in measured)
            for key, value in measured[0].items()
            if isinstance(value, (int, float))
        }
        medians |= {key: value for key, value in measured[0].items() if isinstance(value, str)}
        figures.append({"peer": peer, "bits": bits} | medians)
    print_table("Single operations", SINGLE, figures, "µs", 1e6)
    weights = f"{args.weight_bits}-bit weights"
    for entry in figures:
        if all(stage in entry for stage in CASE):
            entry["sum"] = sum(entry[stage] for stage in CASE)
    pixels = f"{args.input_bits}-bit pixels"
    title = f"One digit, {PIXELS} to {OUTPUTS}, {weights} and {pixels}"
    print_table(title, [*CASE, "sum"], figures, "s", 1)
    for entry in figures:
        if "layout" in entry:
            print(
                f"{entry['peer']}, {entry['bits']} bits: {entry['layout']}; "
                f"{entry['bytes_up']:.0f} bytes up, {entry['tensor_bytes_up']:.0f} of them the tensor's, "
                f"{entry['bytes_down']:.0f} and {entry['tensor_bytes_down']:.0f} down."
            )
        if "weighted_sums" in entry:
            print(
                f"Its weighted sums alone: {entry['products']:.0f} products, "
                f"{entry['weighted_sums']:.4g} s of the service's time. The rest reads the request, "
                "masks the answers and makes them fresh, which the others don't, but for phe."
            )
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()

"""Compares two files of predictions, a framework's and those that came back encrypted.

    python agreement.py FRAMEWORK.csv PREDICTIONS.csv

Both hold `record,label,<score…>`, perhaps followed by probabilities. Of several scores only differences count, since softmax takes no notice of others;
so each row's mean is taken off. Scores may deviate by a twentieth of their spread, which is what rounding a model to
integers may cost; and a label may be another only where the framework itself is undecided by as much.
"""

import csv
import sys

MOST_DEVIATION = 0.05


def read(path):
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    named = [place for place, name in enumerate(header) if name.startswith("score_")]
    scores = named or range(2, len(header))
    return [row[1] for row in rows], [centred([float(row[place]) for place in scores]) for row in rows]


def centred(scores):
    mean = sum(scores) / len(scores) if len(scores) > 1 else 0
    return [score - mean for score in scores]


def margin(scores):
    """How far the decision is from another one."""
    best = sorted(scores)
    return abs(best[0]) if len(best) == 1 else best[-1] - best[-2]


def main(framework, predictions):
    (labels, scores), (ours, our_scores) = read(framework), read(predictions)
    if [len(row) for row in scores] != [len(row) for row in our_scores]:
        sys.exit("the files differ in records or scores")
    flat = [score for row in scores for score in row]
    spread = max(flat) - min(flat)
    deviation = max(abs(a - b) for row, our in zip(scores, our_scores) for a, b in zip(row, our))
    different = [i for i, label in enumerate(labels) if label != ours[i]]
    print(f"{len(labels) - len(different)} of {len(labels)} predictions are the framework's; "
          f"scores deviate by at most {deviation:.4f}, {deviation / spread:.2%} of their spread")
    if deviation > MOST_DEVIATION * spread:
        sys.exit("that is more than rounding may cost")
    decided = [i for i in different if margin(scores[i]) > 2 * deviation]
    if decided:
        sys.exit(f"record {decided[0]} has another label, though its scores are far apart")


if __name__ == "__main__":
    main(*sys.argv[1:])

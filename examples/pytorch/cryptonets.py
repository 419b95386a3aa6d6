"""Trains CryptoNets' architecture on MNIST with PyTorch, and exports it.

    python cryptonets.py CLOUD OWNER [--epochs N] [--count N] [--hold-out]

Run from the repository's root, for data/mnist. CLOUD gets network.onnx, and calibration.npy with four thousand images that
it was trained on; OWNER gets images.npy, the first test images, and framework.csv, what PyTorch predicts of them.

The network is that of Gilad-Bachrach et al., "CryptoNets" (ICML 2016), as it predicts: a convolution of 5 × 5 with steps
of 2 to five maps of 13 × 13, squares, a dense layer of 100 (theirs is two linear layers with a mean between them), squares,
and a dense layer of 10. Squares grow fast, so what is squared is normalised while it trains; the exporter folds that into
the layers. --hold-out trains without the last 10,000 images and measures on them, for choosing the numbers below.
"""

import argparse
import csv
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn
from train import read, tensor

EPOCHS = 12
BATCH = 200
LEARNING_RATE = 4e-3
WARM_UP = 0.05
WEIGHT_DECAY = 2e-2
LARGEST_GRADIENT = 1.0
SMOOTHING = 0.05
#: The share of images that stay sharp.
SHARP = 0.5
#: How far images are moved (in pixels), turned (in degrees), scaled and sheared.
MOVED, TURNED, SCALED, SHEARED = 1.5, 10.0, 0.1, 0.1


class Square(nn.Module):
    """x², the only activation."""

    def forward(self, x):
        return x * x


def build():
    """Convolution, squares, dense, squares, dense."""
    network = nn.Sequential(
        nn.Conv2d(1, 5, 5, stride=2, padding=1),
        nn.BatchNorm2d(5),
        Square(),
        nn.Flatten(),
        nn.Linear(845, 100),
        nn.BatchNorm1d(100),
        Square(),
        nn.Linear(100, 10),
    )
    # Squares of normalised numbers have a variance of 2.
    nn.init.normal_(network[4].weight, std=1 / math.sqrt(3 * 845))
    nn.init.normal_(network[7].weight, std=0.5 / math.sqrt(3 * 100))
    return network


def distorted(images):
    """Half of the images moved, turned, scaled and sheared a little, at random, the others moved by whole pixels.

    What is turned is blurred. Weights that only sharp images put to use must be trained, too: two layers of squares go far astray
    where they weren't.
    """
    sharp = torch.rand(len(images)) < SHARP

    def spread(by):
        return torch.where(sharp, 0.0, (2 * torch.rand(len(images)) - 1) * by)

    def moved():
        by = (2 * torch.rand(len(images)) - 1) * MOVED
        # A side is 2 long in grid_sample's units.
        return torch.where(sharp, by.round(), by) / 14

    angle, shear = spread(math.radians(TURNED)), spread(SHEARED)
    wide, high = 1 + spread(SCALED), 1 + spread(SCALED)
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = [
        [wide * cos, wide * (shear * cos - sin), moved()],
        [high * sin, high * (shear * sin + cos), moved()],
    ]
    maps = torch.stack([torch.stack(row, 1) for row in rows], 1)
    grid = nn.functional.affine_grid(maps, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


def train(network, images, labels, epochs):
    """Trains a network, the last third of the time with the normalisation fixed, as it will be folded into the layers."""
    decayed = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, LEARNING_RATE)
    steps = epochs * (len(images) // BATCH)

    def rate(step):
        return min(1.0, step / (WARM_UP * steps)) * 0.5 * (1 + math.cos(math.pi * step / steps))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    for epoch in range(epochs):
        if epoch == epochs * 2 // 3:
            settle(network, images)
        total = 0.0
        for batch in torch.randperm(len(images)).split(BATCH):
            if len(batch) < BATCH:
                continue
            optimizer.zero_grad()
            scores = network(distorted(images[batch]))
            loss = nn.functional.cross_entropy(scores, labels[batch], label_smoothing=SMOOTHING)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
            optimizer.step()
            schedule.step()
            total += loss.item()
        if (epoch + 1) % 3 == 0:
            print(f"epoch {epoch + 1}: loss {total / (len(images) // BATCH):.4f}", flush=True)
    return network


def settle(network, images):
    """Fixes the normalisation, by means and variances of all images."""
    for layer in network:
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.reset_running_stats()
            layer.momentum = None
    with torch.no_grad():
        for batch in images.split(1000):
            network(distorted(batch))
    network.eval()


def accuracy(network, images, labels):
    """The share of images that are recognised."""
    with torch.no_grad():
        return (network(tensor(images)).argmax(1) == labels).float().mean().item()


def export(network, path):
    """Writes a network with a softmax behind it as ONNX."""
    torch.onnx.export(
        nn.Sequential(network, nn.Softmax(1)).eval(),
        (torch.zeros(2, 1, 28, 28),),
        path,
        input_names=["image"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        external_data=False,
        verbose=False,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cloud", type=Path)
    parser.add_argument("owner", type=Path)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100, help="test images for the owner")
    parser.add_argument("--hold-out", action="store_true", help="train without the last 10,000 images, and measure on them")
    arguments = parser.parse_args()

    # One thread adds numbers up in one order, so that training gives the same weights on the same kind of processor.
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    images, labels = read("train")
    measured = read("t10k")
    if arguments.hold_out:
        measured = images[-10_000:], labels[-10_000:]
        images, labels = images[:-10_000], labels[:-10_000]
    network = train(build(), tensor(images), labels, arguments.epochs)
    kind = "held-out" if arguments.hold_out else "test"
    print(f"PyTorch's accuracy on 10,000 {kind} images: {accuracy(network, *measured):.4f}")
    export(network, arguments.cloud / "network.onnx")
    np.save(arguments.cloud / "calibration.npy", images[:4000])

    images = measured[0][: arguments.count]
    np.save(arguments.owner / "images.npy", images)
    with torch.no_grad():
        scores = network(tensor(images))
    with open(arguments.owner / "framework.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["record", "label", *range(10)])
        rows.writerows([i, int(row.argmax()), *row.tolist()] for i, row in enumerate(scores))


if __name__ == "__main__":
    main()

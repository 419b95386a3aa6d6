"""Trains an affine PyTorch network on MNIST, and exports it.

    python train.py CLOUD OWNER

Run from the repository's root, for data/mnist. CLOUD gets network.onnx and calibration.npy, a thousand images that
it was trained on; OWNER gets framework.csv, what PyTorch predicts of the test images.
"""

import csv
import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

EPOCHS = 1


def build():
    """784-128-64-10 without activation functions between the layers."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10))


def train(network, images, labels):
    """One pass over the images."""
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for batch in torch.randperm(len(images)).split(100):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
        optimizer.step()


def read(name):
    """Images and labels of MNIST."""
    with gzip.open(f"data/mnist/{name}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 28, 28)
    with gzip.open(f"data/mnist/{name}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read()[8:], np.uint8)
    return images, torch.from_numpy(labels.astype(np.int64))


def tensor(images):
    """Numbers from 0 to 1, one plane, as torchvision's `ToTensor` has them."""
    return torch.from_numpy(images.astype(np.float32) / 255).unsqueeze(1)


def main(cloud, owner):
    torch.manual_seed(0)
    network = build()
    images, labels = read("train")
    for _ in range(EPOCHS):
        train(network, tensor(images), labels)
    network.eval()

    torch.onnx.export(
        nn.Sequential(network, nn.Softmax(1)),
        (torch.zeros(2, 1, 28, 28),),
        cloud / "network.onnx",
        input_names=["image"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        external_data=False,
        verbose=False,
    )
    np.save(cloud / "calibration.npy", images[:1000])

    test_images, test_labels = read("t10k")
    with torch.no_grad():
        scores = network(tensor(test_images))
    digits = scores.argmax(1)
    print(f"PyTorch's accuracy on {len(digits)} test images: {(digits == test_labels).float().mean():.4f}")
    with open(owner / "framework.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["record", "label", *range(10)])
        rows.writerows([i, int(digits[i]), *scores[i].tolist()] for i in range(len(digits)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

"""Trains an affine Keras network on MNIST, and exports it.

    python train.py CLOUD OWNER

Run from the repository's root, for data/mnist. CLOUD gets network.onnx and calibration.npy, a thousand images that
it was trained on; OWNER gets framework.csv, what Keras predicts of the test images.
"""

import csv
import gzip
import os
import sys
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

EPOCHS = 1


def build():
    """A convolution, a pooling and a dense layer, without activation functions between them."""
    entry = keras.Input((28, 28, 1), name="image")
    x = layers.Rescaling(1 / 255)(entry)  # pixels from 0 to 255; any affine layers may be in the network
    x = layers.Conv2D(8, 5, padding="same")(x)
    x = layers.AveragePooling2D(2)(x)
    return keras.Model(entry, layers.Dense(10)(layers.Flatten()(x)))


def train(network, images, labels, epochs):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(1e-3), loss)
    network.fit(images, labels, batch_size=100, epochs=epochs, verbose=0)


def export(network, path):
    """Exports the network with a softmax on top."""
    whole = keras.Model(network.inputs[0], layers.Softmax()(network.outputs[0]))
    whole(np.zeros((1, 28, 28, 1), np.float32))
    whole.export(path, format="onnx", verbose=False)


def read(name):
    """Images and labels of MNIST."""
    with gzip.open(f"data/mnist/{name}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 28, 28, 1)
    with gzip.open(f"data/mnist/{name}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read()[8:], np.uint8)
    return images, labels


def main(cloud, owner):
    keras.utils.set_random_seed(0)
    network = build()
    images, labels = read("train")
    train(network, images.astype(np.float32), labels, EPOCHS)
    export(network, cloud / "network.onnx")
    np.save(cloud / "calibration.npy", images[:1000, :, :, 0])

    test_images, test_labels = read("t10k")
    scores = network.predict(test_images.astype(np.float32), verbose=0)
    digits = scores.argmax(1)
    print(f"Keras's accuracy on {len(digits)} test images: {(digits == test_labels).mean():.4f}")
    with open(owner / "framework.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["record", "label", *range(10)])
        rows.writerows([i, digits[i], *scores[i].tolist()] for i in range(len(digits)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

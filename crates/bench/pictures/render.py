"""Renders photos of digits, and what is no digit, from a fixed seed.

    render.py OUT [--data data/mnist] [--sample]

OUT/photos has 500 photos in folders by kind, each named DIGIT-NUMBER.png; every second one shows a digit of
MNIST's test set, the others one of a font. OUT/none has photos without a digit to tell, by kind. OUT/letters and
OUT/scribbles have what is no digit, drawn plainly; letters that look like a digit are left out.

--sample renders fewer and smaller photos instead: those in testdata/fixtures/photos.
"""

import argparse
import gzip
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = Path("/usr/share/fonts")
# Debian's packages fonts-dejavu-core, -liberation2, -humor-sans, -comic-neue, -breip,
# -dkg-handwriting, -rufscript, -klee and -ecolier-court.
FACES = [
    "truetype/dejavu/DejaVuSans.ttf",
    "truetype/dejavu/DejaVuSerif.ttf",
    "truetype/liberation2/LiberationSans-Regular.ttf",
    "truetype/liberation2/LiberationSans-Bold.ttf",
    "truetype/liberation2/LiberationSerif-Regular.ttf",
    "truetype/humor-sans/Humor-Sans.ttf",
    "opentype/comic-neue/ComicNeue-Regular.otf",
    "truetype/breip/Breip.ttf",
    "truetype/fifthhorseman/dkg.ttf",
    "truetype/rufscript/Rufscript010.ttf",
    "truetype/klee/KleeOne-SemiBold.ttf",
    "truetype/ecolier-court/Ecolier-court.ttf",
]
KINDS = {
    "plain": 40,
    "gradient": 40,
    "shadow": 40,
    "noise": 40,
    "blur": 40,
    "rotated": 40,
    "ruled": 40,
    "jpeg": 40,
    "edge": 40,
    "board": 40,
    "own-size": 40,
    "mixed": 60,
}
NONE = {"blank": 20, "lines": 20, "two": 20, "three": 20}
# Without those that are a digit's shape in some hand or face: B D G I J L O P Q S Z, b g i j l o p q s z.
LETTERS = "ACEFHKMNRTUVWXY" + "adefhkmnrtuvwxy"
SCRIBBLES = 300


class Mnist:
    """Images and labels of the test set."""

    def __init__(self, folder):
        images = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
        labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
        self.images = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
        self.labels = np.frombuffer(labels, np.uint8, offset=8)

    def stroke(self, index):
        """The ink of a digit as a mask with smooth edges, 0 to 1, cropped."""
        image = Image.fromarray(self.images[index]).resize((448, 448), Image.Resampling.BICUBIC)
        image = image.filter(ImageFilter.GaussianBlur(7))
        return cropped(np.clip((np.asarray(image, float) - 90) / 60, 0, 1))


def written(text, face):
    """The ink of a text in a font as a mask, cropped."""
    path = FONTS / FACES[face]
    if not path.exists():
        raise SystemExit(f"{path} is missing: install Debian's fonts that are named in {__file__}")
    font = ImageFont.truetype(str(path), 380)
    image = Image.new("L", (700, 700))
    ImageDraw.Draw(image).text((150, 80), text, fill=255, font=font)
    return cropped(np.asarray(image, float) / 255)


def cropped(mask):
    rows, columns = (np.flatnonzero(mask.max(axis=axis) > 0.1) for axis in (1, 0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scaled(mask, height, angle=0.0):
    """The mask with a height in pixels, turned by degrees."""
    image = Image.fromarray(np.uint8(np.round(mask * 255)))
    if angle:
        image = image.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    width = max(2, round(image.width * height / image.height))
    image = image.resize((width, max(2, round(height))), Image.Resampling.LANCZOS)
    return np.asarray(image, float) / 255


def smooth(rng, shape, cell):
    """Noise that varies over `cell` pixels, with a standard deviation of about 1."""
    rows, columns = (side // cell + 3 for side in shape)
    coarse = Image.fromarray(rng.normal(size=(rows, columns)).astype(np.float32))
    fine = coarse.resize((columns * cell, rows * cell), Image.Resampling.BICUBIC)
    return np.asarray(fine)[: shape[0], : shape[1]]


def lighting(rng, shape, kind):
    """What part of the paper's light each pixel gets."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] / np.reshape(shape, (2, 1, 1))
    light = np.ones(shape)
    if kind in ("gradient", "jpeg", "mixed", "board"):
        angle = rng.uniform(0, 2 * np.pi)
        along = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
        light *= 1 - rng.uniform(0.25, 0.5) * np.clip(along + 0.5, 0, 1)
        light *= 1 - rng.uniform(0, 0.25) * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2
    if kind == "shadow" or (kind == "mixed" and rng.random() < 0.3):
        # A straight edge somewhere, soft, or the shape of a hand.
        angle = rng.uniform(0, 2 * np.pi)
        along = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) - rng.uniform(-0.25, 0.25)
        along += 0.03 * smooth(rng, shape, max(20, shape[0] // 5))
        edge = 1 / (1 + np.exp(-along / rng.uniform(0.01, 0.05)))
        light *= 1 - rng.uniform(0.3, 0.5) * edge
    return light


def ruled(rng, shape, strength):
    """Lines or squares printed on the paper, as a mask."""
    mask = np.zeros(shape)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    step, thick = rng.uniform(0.08, 0.16) * shape[0], rng.uniform(1.0, 2.2)
    slope = np.tan(np.radians(rng.uniform(-6, 6)))
    lines = [y - slope * x]
    if rng.random() < 0.35:
        lines.append(x + slope * y)
    for line in lines:
        distance = np.abs((line + rng.uniform(0, step)) % step - step / 2)
        mask = np.maximum(mask, np.clip(thick / 2 + 0.5 - distance, 0, 1))
    return mask * strength


def photo(rng, kind, masks, side, part):
    """A photo of masks side by side."""
    shape = (side, round(side * rng.uniform(0.8, 1.3)))
    paper = rng.uniform(195, 240) + 2.5 * smooth(rng, shape, 6) + rng.normal(size=shape)
    ink = rng.uniform(20, 85)
    if kind in ("ruled", "lines") or (kind == "mixed" and rng.random() < 0.5):
        paper -= ruled(rng, shape, rng.uniform(40, 110))
    if kind == "board":
        # Chalk.
        paper, ink = rng.uniform(40, 70) + 4 * smooth(rng, shape, 9), rng.uniform(190, 230)
    angle = rng.uniform(-10, 10) if kind in ("rotated", "mixed") else rng.uniform(-2, 2)
    ground = np.zeros(shape)
    height = part * min(shape)
    inked = [scaled(mask, height * rng.uniform(0.9, 1.1), angle) for mask in masks]
    gap = round(0.12 * height)
    width = sum(mask.shape[1] for mask in inked) + gap * (len(inked) - 1)
    tallest = max((mask.shape[0] for mask in inked), default=0)
    excess = max(width / (0.96 * shape[1]), tallest / (0.96 * shape[0]))
    if excess > 1:
        inked = [scaled(mask, mask.shape[0] / excess) for mask in inked]
        gap = round(gap / excess)
        width = sum(mask.shape[1] for mask in inked) + gap * (len(inked) - 1)
    if inked:
        left = round(rng.uniform(0.02, 0.98) * max(0, shape[1] - width))
        top = round(rng.uniform(0.02, 0.98) * max(0, shape[0] - max(mask.shape[0] for mask in inked)))
        if kind == "edge":
            # It touches one edge or two.
            top = rng.choice([0, top, shape[0] - inked[0].shape[0]])
            left = rng.choice([0, shape[1] - width]) if 0 < top < shape[0] - inked[0].shape[0] else left
        for mask in inked:
            ground[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
            left += mask.shape[1] + gap
    picture = paper * (1 - ground) + ink * ground
    picture = picture * lighting(rng, shape, kind)
    image = Image.fromarray(np.uint8(np.clip(picture, 0, 255)))
    if kind in ("blur", "mixed"):
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.006, 0.016 if kind == "blur" else 0.01) * side))
    sigma = rng.uniform(12, 24) if kind == "noise" else rng.uniform(4, 10) if kind == "mixed" else rng.uniform(1, 3)
    noisy = np.asarray(image, float) + sigma * rng.normal(size=shape)
    image = Image.fromarray(np.uint8(np.clip(np.round(noisy), 0, 255)))
    if kind in ("jpeg", "mixed"):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(12, 45)))
        image = Image.open(file).convert("L")
    return image


def own_size(rng, mask):
    """A digit at the model's own size, dark on light."""
    inked = Image.fromarray(np.uint8(255 * scaled(mask, 20)))
    if inked.width > 20:
        inked = inked.resize((20, 20))
    image = np.full((28, 28), rng.uniform(215, 255))
    left, top = rng.integers(2, 27 - inked.width), rng.integers(2, 7)
    part = np.asarray(inked, float) / 255
    box = image[top : top + inked.height, left : left + inked.width]
    box *= 1 - part * rng.uniform(0.75, 1)
    return Image.fromarray(np.uint8(np.clip(image + 2 * rng.normal(size=(28, 28)), 0, 255)))


def save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path.with_suffix(".png"), optimize=True)


def photos(out, mnist, kinds, sides, parts):
    for place, (kind, count) in enumerate(kinds.items()):
        for number in range(count):
            rng = np.random.default_rng([18, place, number])
            if number % 2 == 0:
                index = int(rng.integers(10_000))
                digit, mask = int(mnist.labels[index]), mnist.stroke(index)
            else:
                digit = (number // 2 + place) % 10
                mask = written(str(digit), int(rng.integers(len(FACES))))
            path = out / kind / f"{digit}-{number:02}"
            if kind == "own-size":
                save(own_size(rng, mask), path)
                continue
            save(photo(rng, kind, [mask], int(rng.integers(*sides)), rng.uniform(*parts)), path)


def without(out, mnist, kinds, sides):
    for place, (kind, count) in enumerate(kinds.items()):
        for number in range(count):
            rng = np.random.default_rng([19, place, number])
            digits = rng.integers(10_000, size={"two": 2, "three": 3}.get(kind, 0))
            light = {"blank": ["gradient", "shadow"], "lines": ["lines"]}.get(kind, ["gradient", "plain"])
            masks = [mnist.stroke(int(digit)) for digit in digits]
            image = photo(rng, light[number % len(light)], masks, int(rng.integers(*sides)), rng.uniform(0.3, 0.6))
            save(image, out / kind / f"{number:02}")


def letters(out):
    for face in range(len(FACES)):
        for number, letter in enumerate(LETTERS):
            rng = np.random.default_rng([20, face, number])
            image = photo(rng, "plain", [written(letter, face)], 140, 0.6)
            save(image, out / f"{letter}{'u' if letter.isupper() else 'l'}-{face:02}")


def scribbles(out):
    """Random walks of a pen, closed curves and crossing lines."""
    for number in range(SCRIBBLES):
        rng = np.random.default_rng([21, number])
        image = Image.new("L", (448, 448))
        draw = ImageDraw.Draw(image)
        for _ in range(int(rng.integers(1, 4))):
            points, direction = [rng.uniform(90, 358, 2)], rng.uniform(0, 2 * np.pi)
            bend = rng.uniform(0.2, 1.2)
            for _ in range(int(rng.integers(8, 40))):
                direction += rng.normal() * bend
                points.append(np.clip(points[-1] + 30 * np.array([np.cos(direction), np.sin(direction)]), 40, 408))
            line = [(float(x), float(y)) for x, y in points]
            draw.line(line, fill=255, width=int(rng.integers(14, 36)), joint="curve")
        mask = cropped(np.asarray(image.filter(ImageFilter.GaussianBlur(2)), float) / 255)
        save(photo(rng, "plain", [mask], 140, 0.6), out / f"{number:03}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="MNIST's IDX files")
    parser.add_argument("--sample", action="store_true", help="a small sample instead")
    args = parser.parse_args()
    mnist = Mnist(args.data)
    if args.sample:
        photos(args.out, mnist, dict.fromkeys(KINDS, 2), (90, 130), (0.4, 0.7))
        without(args.out, mnist, dict.fromkeys(NONE, 1), (90, 130))
        return
    photos(args.out / "photos", mnist, KINDS, (280, 560), (0.25, 0.75))
    without(args.out / "none", mnist, NONE, (280, 560))
    letters(args.out / "letters")
    scribbles(args.out / "scribbles")


if __name__ == "__main__":
    main()

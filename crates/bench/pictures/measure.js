/**
 * What the built-in models make of the pictures that render.py has rendered, as Markdown: how many photos are recognised by
 * kind, and of what the models aren't sure.
 *
 *   npm ci --prefix web && node crates/bench/pictures/measure.js FOLDER
 *
 * Nothing is encrypted, since scores are exact: the integers are those that a service would compute.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Card, Encoder, fitMnist, greyImage } from '../../../web/index.js';

const root = new URL('../../../', import.meta.url);
const { PNG } = createRequire(new URL('web/', root))('pngjs');
const MODELS = ['digits', 'digits-hybrid'];
const PIXELS = 28 * 28;

/** A model's predictions in the clear. @param {string} name */
async function load(name) {
  const file = (part) => new Uint8Array(readFileSync(new URL(`models/${name}/${part}`, root)));
  const card = await Card.parse(file('card.json'));
  const encoder = await Encoder.of(card, card.fields.public_part && file('public.onnx'));
  const bytes = file('weights.safetensors').buffer;
  const length = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  const tensor = (key) => bytes.slice(...header[key].data_offsets.map((at) => 8 + length + at));
  const [weights, biases] = [new Int32Array(tensor('integer.weights')), new BigInt64Array(tensor('integer.biases'))];
  return (pixels) => {
    const { values } = encoder.quantize([...pixels]);
    const row = (output) => weights.subarray(output * values.length, (output + 1) * values.length);
    return card.predict(Array.from(biases, (bias, output) => bias + BigInt(row(output).reduce((sum, w, i) => sum + w * values[i], 0))));
  };
}

const models = await Promise.all(MODELS.map(load));

/** A picture's pixels as models get them, or what is said instead. @param {string} path */
function read(path) {
  try {
    return { pixels: fitMnist(greyImage(PNG.sync.read(readFileSync(path)))) };
  } catch (error) {
    if (!error.code) throw error;
    return { refused: error.code };
  }
}

/** What became of pictures: {label, pixels or refused}. */
function count(pictures) {
  const refused = pictures.filter((picture) => picture.refused).length;
  const of = models.map((predict) => {
    const tally = { right: 0, wrong: 0, rightInDoubt: 0, wrongInDoubt: 0 };
    for (const { label, pixels } of pictures) {
      if (!pixels) continue;
      const { label: predicted, inDoubt } = predict(pixels);
      const outcome = predicted === label ? 'right' : 'wrong';
      tally[outcome] += 1;
      if (inDoubt) tally[`${outcome}InDoubt`] += 1;
    }
    return tally;
  });
  return { total: pictures.length, refused, of };
}

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
const head = (cells) => [row(cells), row(cells.map(() => '---'))];
const share = (part, whole) => (whole === 0 ? '–' : (part / whole).toFixed(3));

const folder = process.argv[2];
const inFolder = (path, label) => readdirSync(path).sort().map((name) => ({ label: label?.(name), ...read(join(path, name)) }));

head(['photos', 'number', 'refused', ...MODELS.map((name) => `right by \`${name}\``)]);
const photos = readdirSync(join(folder, 'photos')).map((kind) => [kind, inFolder(join(folder, 'photos', kind), (name) => name[0])]);
for (const [kind, pictures] of [...photos, ['all', photos.flatMap(([, pictures]) => pictures)]]) {
  const { total, refused, of } = count(pictures);
  row([kind, total, refused, ...of.map(({ right }) => right)]);
}

console.log();
head(['not sure of', 'number', 'refused', ...MODELS.map((name) => `share by \`${name}\``)]);
const doubts = (what, { total, refused, of }, part, whole) => row([what, total, refused, ...of.map((tally) => share(tally[part], whole(tally)))]);
const [images, labels] = ['images-idx3', 'labels-idx1'].map((name) => gunzipSync(readFileSync(new URL(`data/mnist/t10k-${name}-ubyte.gz`, root))));
const tests = Array.from(labels.subarray(8), (label, i) => ({ label: String(label), pixels: images.subarray(16 + i * PIXELS, 16 + (i + 1) * PIXELS) }));
const [test, photo] = [count(tests), count(photos.flatMap(([, pictures]) => pictures))];
for (const [what, counted] of [["MNIST's test images", test], ['photos', photo]]) {
  doubts(`${what}, right`, counted, 'rightInDoubt', ({ right }) => right);
  doubts(`${what}, wrong`, counted, 'wrongInDoubt', ({ wrong }) => wrong);
}
for (const what of ['letters', 'scribbles', ...readdirSync(join(folder, 'none')).map((kind) => `none/${kind}`)]) {
  doubts(what.replace('none/', 'no digit: '), count(inFolder(join(folder, what))), 'wrongInDoubt', ({ wrong }) => wrong);
}

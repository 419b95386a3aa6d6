import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Card, Encoder } from '../index.js';
import { readSamples } from '../page/pictures.js';
import { readOnnx } from '../src/onnx.js';
import { PublicPart, run } from '../src/public-part.js';
import { bytesOf, failure, network, patched, textOf } from './support.js';

const folder = 'testdata/fixtures/onnx';
const ends = ['Softmax', 'LogSoftmax', 'Sigmoid'];

/** @param {Uint8Array<ArrayBuffer>} onnx @param {number[]} shape @param {number} features */
const parse = (onnx, shape, features) => {
  const sha256 = createHash('sha256').update(onnx).digest('hex');
  return PublicPart.parse(onnx, { sha256, bytes: onnx.length, shape, features, description: '' });
};

/** Networks made by other tools, of which the last function is left out. */
const networks = [
  'keras-dense-tf2onnx-opset13',
  'keras-rescaling-regression-opset15',
  'onnx-gemm-opset13',
  'onnx-sigmoid-opset20',
  'pytorch-conv-1x28x28-opset18',
  'pytorch-conv-3x32x32-opset20',
  'pytorch-example-opset20',
  'pytorch-sigmoid-opset9',
  'split/pytorch-relu-conv-opset17',
  'split/pytorch-relu-conv-opset18',
  'split/pytorch-tanh-regression-opset13',
];

for (const name of networks) {
  test(`a network gives what the tool that made it gives: ${name}`, () => {
    const graph = readOnnx(bytesOf(`${folder}/${name}.onnx`));
    const last = graph.nodes.at(-1);
    if (last && ends.includes(last.operator)) {
      graph.nodes.pop();
      graph.outputs[0].name = last.inputs[0];
    }
    const [, ...shape] = graph.inputs[0].sides.map((side) => side ?? 1);
    const { inputs, scores } = JSON.parse(textOf(`${folder}/${name}.json`));
    assert.ok(inputs.length > 0);
    inputs.forEach((/** @type {number[]} */ input, /** @type {number} */ record) => {
      const found = run(graph, shape, Float32Array.from(input)).values;
      const scale = Math.max(...scores[record].map(Math.abs));
      assert.equal(found.length, scores[record].length);
      found.forEach((value, i) => assert.ok(Math.abs(value - scores[record][i]) <= 1e-5 * scale, `${value} ${scores[record][i]}`));
    });
  });
}

test('hostile and unsupported files are refused in plain words', async () => {
  /** Nothing is wrong with these for a public part; elsewhere they are refused for not being affine, or not enough said. */
  const fine = ['clip-at-ten', 'maxpool', 'opset-of-the-future', 'product-of-inputs', 'relu', 'tanh', 'overflows', 'unknown-number-of-features'];
  const names = readdirSync(new URL(`../../${folder}/refused`, import.meta.url)).filter((name) => name.endsWith('.onnx'));
  assert.ok(names.length > 30);
  for (const name of names.map((file) => file.slice(0, -'.onnx'.length)).filter((known) => !fine.includes(known))) {
    await assert.rejects(
      parse(bytesOf(`${folder}/refused/${name}.onnx`), [4], 3),
      failure('bad_public_part', /public part (can't be run here: .{10}|uses .* can't be run here)/),
      name,
    );
  }
  const softmax = bytesOf(`${folder}/onnx-gemm-opset13.onnx`);
  await assert.rejects(
    parse(softmax, [12], 3),
    failure('bad_public_part', /public part uses Softmax, which can't be run here; use the program veilcast predict$/),
  );
});

test('operators that are not known are named, all of them or a few', async () => {
  const strange = patched(patched(network(), 'Gemm', 'Loop'), 'Conv', 'Gelu');
  await assert.rejects(
    parse(strange, [1, 28, 28], 10),
    failure('bad_public_part', /public part uses Gelu and Loop, which can't be run here; use the program veilcast predict$/),
  );
  const more = patched(patched(strange, 'AveragePool', 'Averagefool'), 'Reshape', 'Resh\u0001pe');
  await assert.rejects(parse(more, [1, 28, 28], 10), failure('bad_public_part', /uses Gelu, Averagefool, Resh\ufffdpe and Loop, /));
});

test('a file must be the one that the card names, and of its shapes', async () => {
  const onnx = bytesOf(`${folder}/refused/relu.onnx`);
  const sha256 = createHash('sha256').update(onnx).digest('hex');
  const fields = { sha256, bytes: onnx.length, shape: [4], features: 3, description: '' };
  const part = await PublicPart.parse(onnx, fields);
  assert.equal(part.features([1, 2, 3, 4]).length, 3);
  assert.throws(() => part.features([NaN, 0, 0, 0]), failure('not_finite'));
  const other = failure('other_public_part', /not the one that its card names/);
  await assert.rejects(PublicPart.parse(onnx.slice(1), fields), other);
  await assert.rejects(PublicPart.parse(onnx.with(40, onnx[40] ^ 1), fields), other);
  await assert.rejects(PublicPart.parse(onnx, { ...fields, features: 5 }), failure('bad_public_part', /1 × 3.*5 features/));
  await assert.rejects(PublicPart.parse(onnx, { ...fields, shape: [2, 2] }), failure('bad_public_part', /takes 4 values.*2 × 2/));
});

test('the hybrid model gets the features that the program computes', async () => {
  const { records } = JSON.parse(textOf('testdata/vectors/digits-hybrid.json'));
  const card = await Card.parse(bytesOf('models/digits-hybrid/card.json'));
  const encoder = await Encoder.of(card, bytesOf('models/digits-hybrid/public.onnx'));
  const images = readSamples(bytesOf('web/page/samples/images-idx3-ubyte').slice().buffer, bytesOf('web/page/samples/labels-idx1-ubyte').slice().buffer);
  const steps = 2 ** card.fields.quantization.bits - 1;
  assert.ok(records.length >= 20);
  records.forEach((/** @type {any} */ record, /** @type {number} */ i) => {
    const pixels = [...images[i].pixels];
    const { features } = encoder.features(pixels);
    const { values, clipped } = encoder.quantize(pixels);
    assert.equal(clipped, 0);
    assert.equal(values.length, record.integers.length);
    features.forEach((feature, at) => {
      assert.ok(Math.abs(feature - record.features[at]) < 1e-5, `${feature} ${record.features[at]}`);
      const isBetween = Math.abs(((feature * steps) % 1) - 0.5) < 1e-4;
      assert.ok(isBetween || values[at] === record.integers[at]);
    });
  });
});

test('an encoder needs the public part that the card names, and takes no other', async () => {
  const card = await Card.parse(bytesOf('models/digits-hybrid/card.json'));
  await assert.rejects(Encoder.of(card), failure('other_public_part', /is needed/));
  const plain = await Card.parse(bytesOf('models/digits/card.json'));
  await assert.rejects(Encoder.of(plain, bytesOf('models/digits-hybrid/public.onnx')), failure('other_public_part', /no public part/));
});

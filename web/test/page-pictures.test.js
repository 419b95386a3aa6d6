import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readSamples } from '../page/pictures.js';
import { bytesOf, failure } from './support.js';

const COUNT = 100;
const PIXELS = 28 * 28;

const images = bytesOf('web/page/samples/images-idx3-ubyte');
const labels = bytesOf('web/page/samples/labels-idx1-ubyte');

test('the test images are the first of the test set', () => {
  const [allImages, allLabels] = ['images-idx3', 'labels-idx1'].map((name) => gunzipSync(bytesOf(`data/mnist/t10k-${name}-ubyte.gz`)));
  const samples = readSamples(images.buffer, labels.buffer);
  assert.equal(samples.length, COUNT);
  samples.forEach(({ pixels, label }, i) => {
    assert.deepEqual(Buffer.from(pixels), allImages.subarray(16 + i * PIXELS, 16 + (i + 1) * PIXELS));
    assert.equal(label, allLabels[8 + i]);
  });
});

test('damaged test images are refused', () => {
  const refused = failure('bad_samples');
  assert.throws(() => readSamples(images.buffer.slice(0, -1), labels.buffer), refused);
  assert.throws(() => readSamples(images.buffer, labels.buffer.slice(0, -1)), refused);
  assert.throws(() => readSamples(labels.buffer, images.buffer), refused);
  assert.throws(() => readSamples(new ArrayBuffer(3), labels.buffer), refused);
  assert.throws(() => readSamples(images.buffer, new ArrayBuffer(0)), refused);
});

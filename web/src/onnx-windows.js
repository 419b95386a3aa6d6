/**
 * The operators of ONNX that slide a window over images.
 */

import { MAX_NUMBERS } from './onnx.js';
import { WireError } from './protobuf.js';
import { checkWork, shown, zeros } from './tensor.js';

/**
 * @typedef {import('./onnx-operators.js').Attributes} Attributes
 * @typedef {import('./tensor.js').Floats} Floats
 */

/**
 * Where windows are in images of some size.
 *
 * @param {Floats} x [records, channels, height, width]
 * @param {Attributes} attributes
 * @param {number[]} [kernel] the window's height and width
 */
function windows(x, attributes, kernel) {
  if (x.sides.length !== 4) throw new WireError(`it takes images, not ${shown(x)}`);
  attributes.only('auto_pad', 'NOTSET', 'VALID');
  attributes.only('ceil_mode', 0);
  const window = attributes.list('kernel_shape', kernel ?? [0, 0], 1);
  const [step, spread] = [attributes.list('strides', [1, 1], 1), attributes.list('dilations', [1, 1], 1)];
  const pads = attributes.list('pads', [0, 0, 0, 0]);
  const axes = [0, 1].map((axis) => {
    const side = x.sides[2 + axis];
    const reach = spread[axis] * (window[axis] - 1) + 1;
    const places = Math.floor((side + pads[axis] + pads[axis + 2] - reach) / step[axis]) + 1;
    if (window[axis] < 1 || places < 1 || Math.max(...pads) >= MAX_NUMBERS) throw new WireError(`its window does not go into ${shown(x)}`);
    return { side, places, step: step[axis], before: pads[axis], window: window[axis], spread: spread[axis] };
  });
  return { rows: axes[0], columns: axes[1] };
}

/** @typedef {ReturnType<typeof windows>['rows']} Axis */

/**
 * For the `k`th position of the window: where it is first, and at which places it is inside the image.
 *
 * @param {Axis} axis
 * @param {number} k
 */
function inside({ side, places, step, before, spread }, k) {
  const offset = k * spread - before;
  const first = Math.max(0, Math.ceil(-offset / step));
  const end = Math.min(places, Math.floor((side - 1 - offset) / step) + 1);
  return { offset, first, end };
}

/**
 * @param {Floats} x [records, channels, height, width]
 * @param {Floats} weights [channels out, channels in of a group, height, width]
 * @param {Floats | undefined} biases [channels out]
 * @param {Attributes} attributes
 * @returns {Floats}
 */
export function convolve(x, weights, biases, attributes) {
  const [outputs, depth, ...kernel] = weights.sides;
  const groups = attributes.number('group', 1);
  const { rows, columns } = windows(x, attributes, kernel);
  const [records, channels, height, width] = x.sides;
  const suits =
    weights.sides.length === 4 &&
    rows.window === kernel[0] &&
    columns.window === kernel[1] &&
    groups >= 1 &&
    depth * groups === channels &&
    outputs % groups === 0 &&
    (!biases || String(biases.sides) === String([outputs]));
  if (!suits) throw new WireError(`its weights ${shown(weights)} do not suit ${shown(x)}`);
  const result = zeros([records, outputs, rows.places, columns.places]);
  const places = rows.places * columns.places;
  checkWork(records * places * weights.values.length);
  for (let image = 0; image < records * outputs; image++) {
    const [record, output] = [Math.floor(image / outputs), image % outputs];
    const out = result.values.subarray(image * places, (image + 1) * places);
    if (biases) out.fill(biases.values[output]);
    const channel = record * channels + Math.floor((output * groups) / outputs) * depth;
    for (let c = 0; c < depth; c++) {
      const seen = x.values.subarray((channel + c) * height * width, (channel + c + 1) * height * width);
      const from = (output * depth + c) * rows.window * columns.window;
      slide(seen, weights.values, from, out, rows, columns);
    }
  }
  return result;
}

/**
 * Adds what a window sees of one channel, weighted, at all places.
 *
 * @param {Float32Array} seen
 * @param {Float32Array} weights
 * @param {number} from where the window's weights start
 * @param {Float32Array} out
 * @param {Axis} rows
 * @param {Axis} columns
 */
function slide(seen, weights, from, out, rows, columns) {
  const step = columns.step;
  for (let y = 0; y < rows.window; y++) {
    const down = inside(rows, y);
    for (let x = 0; x < columns.window; x++) {
      const across = inside(columns, x);
      const weight = weights[from + y * columns.window + x];
      for (let row = down.first; row < down.end; row++) {
        let to = row * columns.places + across.first;
        const end = row * columns.places + across.end;
        let at = (row * rows.step + down.offset) * columns.side + across.first * step + across.offset;
        for (; to < end; to++, at += step) out[to] += weight * seen[at];
      }
    }
  }
}

/**
 * @param {Floats} x [records, channels, height, width]
 * @param {Attributes} attributes
 * @param {number} start
 * @param {(sum: number, value: number) => number} join
 * @param {(sum: number, seen: number, all: number) => number} finish given how many pixels of the window lie in the image
 * @returns {Floats}
 */
export function pool(x, attributes, start, join, finish) {
  const { rows, columns } = windows(x, attributes);
  const [records, channels, height, width] = x.sides;
  const result = zeros([records, channels, rows.places, columns.places]);
  const all = rows.window * columns.window;
  checkWork(result.values.length * all);
  result.values.forEach((_, i) => {
    const column = i % columns.places;
    const row = Math.floor(i / columns.places) % rows.places;
    const image = Math.floor(i / (columns.places * rows.places)) * height * width;
    let [sum, seen] = [start, 0];
    for (let ky = 0; ky < rows.window; ky++) {
      const y = row * rows.step + ky * rows.spread - rows.before;
      if (y < 0 || y >= height) continue;
      for (let kx = 0; kx < columns.window; kx++) {
        const at = column * columns.step + kx * columns.spread - columns.before;
        if (at < 0 || at >= width) continue;
        sum = join(sum, x.values[image + y * width + at]);
        seen += 1;
      }
    }
    result.values[i] = finish(sum, seen, all);
  });
  return result;
}

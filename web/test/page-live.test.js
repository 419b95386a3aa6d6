/** When the page asks while a person draws. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VeilcastError } from '../index.js';
import { Live } from '../page/live.js';

const KEY = { bits: 2048 };

/** A page with some vouchers, whose service answers when the test says so. @param {number} vouchers */
function pageWith(vouchers) {
  /** @type {{records: unknown, signal: AbortSignal, answer: (run: object) => void, refuse: (error: Error) => void}[]} */
  const asked = [];
  /** @type {string[]} */
  const seen = [];
  let left = vouchers;
  const client = {
    vouchers: () => left,
    card: async () => ({}),
    predict: (/** @type {string} */ _, /** @type {unknown} */ records, /** @type {{way: string, signal: AbortSignal}} */ { way, signal }) => {
      assert.equal(way, 'vouchers');
      left -= 1;
      return new Promise((answer, refuse) => {
        signal.addEventListener('abort', () => refuse(signal.reason));
        asked.push({ records, signal, answer, refuse });
      });
    },
  };
  const task = {
    client,
    isRunning: false,
    show: (/** @type {any} */ question) => seen.push(`show ${question.records()}`),
    fail: (/** @type {unknown} */ _, /** @type {VeilcastError} */ error) => seen.push(`fail ${error.code}`),
    clear: () => seen.push('clear'),
  };
  const keys = Object.assign(new EventTarget(), { key: KEY, ready: async () => KEY, prepare: () => seen.push('fill') });
  const live = new Live(/** @type {any} */ (task), /** @type {any} */ (keys));
  const want = (/** @type {string} */ drawing, isOver = true) =>
    live.want('digits', () => ({ kind: 'digit', model: 'digits', records: () => /** @type {any} */ ([drawing]) }), isOver);
  const fill = (/** @type {number} */ count) => {
    left += count;
    keys.dispatchEvent(new Event('vouchers'));
  };
  return { live, asked, seen, want, fill, task };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

test('one question is on its way at a time, and the last drawing is answered', async () => {
  const { asked, seen, want } = pageWith(20);
  for (const drawing of ['a', 'b', 'c']) want(drawing);
  await soon();
  assert.deepEqual(
    asked.map(({ records }) => records),
    [['a']],
  );
  asked[0].answer({});
  await soon();
  assert.deepEqual(
    asked.map(({ records }) => records),
    [['a'], ['c']],
  );
  asked[1].answer({});
  await soon();
  assert.deepEqual([asked.length, seen], [2, ['show a', 'fill', 'show c', 'fill']]);
});

test('while the pen is down it asks now and then, and at once when it is up', async () => {
  const { asked, want } = pageWith(20);
  want('a', false);
  await soon();
  asked[0].answer({});
  await soon();
  want('b', false);
  await soon();
  assert.equal(asked.length, 1);
  want('c', true);
  await soon();
  assert.deepEqual(
    asked.map(({ records }) => records),
    [['a'], ['c']],
  );
  asked[1].answer({});
  await soon();
  want('d', false);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(asked.at(-1)?.records, ['d']);
});

test('the last vouchers are kept for when the pen is up, and without any it waits for others', async () => {
  const { asked, seen, want, fill } = pageWith(4);
  want('a', false);
  await soon();
  assert.deepEqual([asked.length, seen], [0, ['fill']]);
  for (const drawing of ['b', 'c', 'd', 'e']) {
    want(drawing, true);
    await soon();
    asked.at(-1)?.answer({});
    await soon();
  }
  want('f', true);
  await soon();
  assert.equal(asked.length, 4);
  fill(1);
  await soon();
  assert.deepEqual(asked.at(-1)?.records, ['f']);
});

test('what is stopped is not shown, and nothing is asked for a person who has asked', async () => {
  const { live, asked, seen, want, task } = pageWith(20);
  want('a');
  await soon();
  want('b');
  live.stop();
  await soon();
  assert.ok(asked[0].signal.aborted);
  assert.deepEqual([asked.length, seen], [1, ['fill']]);
  task.isRunning = true;
  want('c');
  await soon();
  assert.equal(asked.length, 1);
});

test('an answer that cannot be right is reported; other failures take the answer away', async () => {
  const { asked, seen, want } = pageWith(20);
  want('a');
  await soon();
  asked[0].refuse(new VeilcastError('unreachable', ''));
  await soon();
  want('b');
  await soon();
  const partial = /** @type {any} */ ({ predictions: [{ failed: {} }] });
  asked[1].refuse(new VeilcastError('bad_scores', '', { partial }));
  await soon();
  assert.deepEqual(seen, ['clear', 'fill', 'fail bad_scores', 'fill']);
  assert.equal(asked.length, 2);
});

test('a drawing whose voucher was no longer good is answered with another', async () => {
  const { asked, want, seen } = pageWith(20);
  want('a');
  await soon();
  asked[0].refuse(new VeilcastError('voucher_outdated', ''));
  await soon();
  assert.deepEqual(
    asked.map(({ records }) => records),
    [['a'], ['a']],
  );
  asked[1].answer({});
  await soon();
  assert.deepEqual(seen, ['clear', 'fill', 'show a', 'fill']);
});

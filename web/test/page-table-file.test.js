/** Tables that are read in a thread of their own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Card, openTable } from '../index.js';
import { readTableFile } from '../page/table-file.js';
import { cardWith } from './fake-service.js';
import { failure } from './support.js';

const { input } = (await Card.parse(new Uint8Array(cardWith()))).fields;

/** Rows for several moves from the thread, with a column that the model doesn't take. @param {number} count */
const csvOf = (count) => `name;a;b;c\n${Array.from({ length: count }, (_, i) => `n${i};${i % 16};0;${(i * 7) % 16}\n`).join('')}`;

const { signal } = new AbortController();

test('the records, the columns and what is said are those of the same table read here', async () => {
  for (const count of [0, 1, 500, 1203]) {
    const text = csvOf(count);
    const [read, expected] = [await readTableFile(input, new TextEncoder().encode(text), signal), openTable(input, text)];
    assert.deepEqual(read.records, expected.records);
    assert.deepEqual([read.said, read.others], [expected.said, ['name']]);
    assert.deepEqual(read.cellsOf('name'), expected.cellsOf('name'));
    assert.equal(read.records.length, count);
  }
});

test('what is wrong with a file is told as it is here', async () => {
  for (const [text, code] of [
    ['', 'empty_table'],
    ['a,b\n1,2\n', 'missing_column'],
    ['a,b,c\n1,2,x\n', 'not_a_number'],
  ]) {
    await assert.rejects(readTableFile(input, new TextEncoder().encode(text), signal), failure(code));
  }
});

test('reading ends at once when it is cancelled', async () => {
  const controller = new AbortController();
  const reading = readTableFile(input, new TextEncoder().encode(csvOf(200_000)), controller.signal);
  controller.abort(new Error('enough'));
  await assert.rejects(reading, /enough/);
  await assert.rejects(readTableFile(input, new Uint8Array(), AbortSignal.abort(new Error('never'))), /never/);
});

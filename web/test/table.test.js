import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VeilcastError, openTable, textOfTable } from '../index.js';
import { textOf } from './support.js';

const vectors = JSON.parse(textOf('testdata/vectors/tables.json'));
assert.ok(vectors.cases.length > 50);

/** What a card says of these columns. @param {any} vector */
function inputOf({ columns, categories = {}, unknown = 'error', missing, units = {} }) {
  const value = (/** @type {string} */ name) => categories[name]?.[0] ?? 0;
  return {
    kind: /** @type {const} */ ('table'),
    shape: [columns.length],
    features: columns,
    about: Object.fromEntries(Object.entries(units).map(([name, unit]) => [name, { unit }])),
    preprocessing: {
      version: /** @type {const} */ (2),
      missing,
      steps: [
        { op: /** @type {const} */ ('impute'), values: Object.fromEntries(columns.map((/** @type {string} */ name) => [name, value(name)])) },
        { op: /** @type {const} */ ('one_hot'), categories, unknown },
      ],
    },
  };
}

for (const vector of vectors.cases) {
  test(`tables: ${vector.name}`, async () => {
    const bytes = vector.base64 === undefined ? new TextEncoder().encode(vector.text) : new Uint8Array(Buffer.from(vector.base64, 'base64'));
    const open = async () => {
      const { text, said } = await textOfTable(bytes);
      const table = openTable(inputOf(vector), text);
      return { cells: table.records, said: [...said, ...table.said] };
    };
    if (vector.error) {
      const { kind, line, column } = vector.error;
      await assert.rejects(open, (error) => {
        assert.ok(error instanceof VeilcastError, String(error));
        assert.deepEqual([error.code, error.line, error.column], [kind, line, column]);
        return true;
      });
      return;
    }
    assert.deepEqual(await open(), { cells: vector.cells, said: vector.said });
  });
}

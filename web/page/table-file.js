/** Reading the file of a table, in a thread of its own: a page that reads some thousand rows itself stands still meanwhile. */

import { Calls } from '../src/thread.js';

/** Rows that come from the thread at a time, so that none of the moves takes long. */
const BATCH = 500;

/**
 * The records of a file, what was found out about it, and the columns that the model doesn't take.
 *
 * @param {import('../src/card-types.js').Input} input of a checked card
 * @param {Uint8Array} file
 * @param {AbortSignal} signal
 * @returns {Promise<import('../src/table.js').Table>}
 * @throws {import('../index.js').VeilcastError} as `textOfTable` and `openTable`
 */
export async function readTableFile(input, file, signal) {
  const { calls, result } = await Calls.open('table', [input, file], { signal });
  const { total, said, others } = result;
  try {
    /** @type {import('../src/table.js').Table['records']} */
    const records = [];
    /** @type {string[][]} */
    const columns = others.map(() => []);
    while (records.length < total) {
      const rows = await calls.call('rows', [records.length, records.length + BATCH], { signal });
      records.push(...rows.records);
      columns.forEach((column, i) => column.push(...rows.columns[i]));
    }
    return { records, said, others, cellsOf: (name) => columns[others.indexOf(name)] ?? [] };
  } finally {
    calls.end('the table was read');
  }
}

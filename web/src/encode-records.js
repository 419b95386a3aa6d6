/**
 * The integers of many records, without keeping a page from responding.
 */

/**
 * @typedef {import('./encoder.js').Encoder} Encoder
 * @typedef {import('./record-numbers.js').RawRecord} RawRecord
 * @typedef {ReturnType<Encoder['quantize']>} Quantized
 */

/** Longest time without a pause, in milliseconds, so that a page stays responsive. */
const MAX_BUSY = 30;

/**
 * The integers of records. A hybrid model's public part takes some time for that, so it pauses.
 *
 * @param {Encoder} encoder
 * @param {readonly RawRecord[]} records
 * @param {Pick<import('./client.js').PredictOptions, 'signal' | 'onProgress'>} options
 */
export async function encodeRecords(encoder, records, { signal, onProgress }) {
  const total = records.length;
  const integers = [];
  let time = 0;
  const report = (/** @type {number} */ done) => {
    if (encoder.publicPart) onProgress?.({ step: 'public', done, total, time });
    onProgress?.({ step: 'encode', done, total });
  };
  let busySince = performance.now();
  for (const record of records) {
    integers.push(encoder.quantize(record));
    const busy = performance.now() - busySince;
    if (busy < MAX_BUSY && integers.length < total) continue;
    time += busy;
    report(integers.length);
    if (integers.length === total) break;
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    busySince = performance.now();
  }
  return integers;
}

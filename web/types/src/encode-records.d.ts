/**
 * The integers of many records, without keeping a page from responding.
 */
export type Encoder = import('./encoder.js').Encoder;
export type RawRecord = import('./record-numbers.js').RawRecord;
export type Quantized = ReturnType<Encoder['quantize']>;
/**
 * The integers of records. A hybrid model's public part takes some time for that, so it pauses.
 *
 * @param {Encoder} encoder
 * @param {readonly RawRecord[]} records
 * @param {Pick<import('./client.js').PredictOptions, 'signal' | 'onProgress'>} options
 */
export declare function encodeRecords(encoder: Encoder, records: readonly RawRecord[], { signal, onProgress }: Pick<import('./client.js').PredictOptions, 'signal' | 'onProgress'>): Promise<(import("./preprocessing.js").Counts & {
    values: number[];
})[]>;

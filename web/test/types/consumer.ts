/** What a program in TypeScript does with the package: this is compiled, and never run. */

import { Client, VeilcastError, WorkerKey, chooseArrangement, generateKey } from 'veilcast';
import type { Card, SecretKey } from 'veilcast';

export async function labelOf(url: string, pixels: number[], signal: AbortSignal): Promise<string> {
  const key: WorkerKey = await WorkerKey.generate(3072, { signal, onProgress: (done: number, total: number) => console.log(done / total) });
  const client = new Client(url, { token: 'vc_token', tries: 2 });
  try {
    const { predictions, way, bytesUp } = await client.predict('digits', [pixels, new Uint8Array(784)], { key, signal, way: 'vouchers' });
    const [first] = predictions;
    if (first === undefined || first.values) return `${way}: ${bytesUp} bytes`;
    const likely: readonly number[] = first.probabilities ?? [];
    return `${first.label}, ${likely[first.index]}`;
  } catch (error) {
    if (error instanceof VeilcastError) return error.code;
    throw error;
  } finally {
    key.close();
    client.close();
  }
}

export const ciphertextsOf = (card: Card, key: SecretKey): number => chooseArrangement(card, key.bits).ciphertexts;

// @ts-expect-error A key's size is a number.
export const wrong = generateKey('3072');
// @ts-expect-error There is no such way.
export const unknown = new Client('/').predict('digits', [], { way: 'pigeons' });

/**
 * Encrypted predictions from a Veilcast service, in browsers and Node.
 *
 * | subject | start at |
 * |---|---|
 * | predictions from a service | {@link Client} |
 * | a secret key, in this thread or in its own | {@link generateKey}, {@link WorkerKey} |
 * | key files | {@link keyFromFile}, {@link keyToFile} |
 * | whether a public key is fit | {@link isKeyProof} |
 * | a model whose weights came encrypted, without a service | {@link SealedModel} |
 * | what a model takes and returns | {@link Card} |
 * | from raw records to integers, with a hybrid model's public part | {@link Encoder} |
 * | tables | {@link textOfTable}, {@link openTable} |
 * | drawings | {@link fitMnist}, {@link greyImage} |
 * | what goes wrong | {@link VeilcastError} |
 * | layouts and messages, one by one | {@link chooseArrangement}, {@link encodeRequest}, {@link decodeAnswer} |
 */

export { Card } from './src/card.js';
export { Client } from './src/client.js';
export { Encoder } from './src/encoder.js';
export { VeilcastError } from './src/error.js';
export { greyImage } from './src/grey.js';
export { keyFromFile, keyToFile } from './src/key-file.js';
export { isKeyProof } from './src/key-proof.js';
export { Arrangement, chooseArrangement } from './src/layout.js';
export { decodeAnswer, encodeRequest } from './src/messages.js';
export { fitMnist, isFitted } from './src/mnist-fit.js';
export { KEY_BITS, SecretKey, generateKey, keyFromPrimes } from './src/paillier.js';
export { SealedModel } from './src/sealed-model.js';
export { openTable, readTable } from './src/table.js';
export { textOfTable } from './src/table-text.js';
export { WorkerKey } from './src/worker-key.js';

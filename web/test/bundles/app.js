/** A tiny page with the package, as somebody else would write it: it asks a service for a digit, and shows what it is told. */

import { Client, WorkerKey } from 'veilcast';

/** A picture of a one. */
const pixels = Array.from({ length: 784 }, (_, i) => (Math.floor(i / 28) > 4 && Math.floor(i / 28) < 23 && [13, 14].includes(i % 28) ? 255 : 0));

const key = await WorkerKey.generate(2048);
const service = new URLSearchParams(location.search).get('service') ?? '';
const { predictions } = await new Client(service, { tries: 1 }).predict('digits', [pixels], { key });
key.close();
document.body.textContent = predictions[0].label ?? '';

/** The model's public card: a plain summary, and the whole of it. */

import { entriesOf, leadOf } from './card-text.js';
import { byId, element } from './dom.js';

/** @param {import('../index.js').Card} card */
export function renderCard(card) {
  const pairs = entriesOf(card).flatMap(({ term, text }) => [element('dt', {}, term), element('dd', {}, text)]);
  byId('card-summary', HTMLElement).replaceChildren(...pairs);
  byId('card-json', HTMLElement).textContent = JSON.stringify(card.fields, null, 2);
  const part = card.fields.public_part;
  byId('card-lead', HTMLElement).textContent = leadOf(card);
  const model = `v2/models/${encodeURIComponent(card.fields.name)}`;
  byId('card-link', HTMLAnchorElement).href = `${model}/card`;
  const partLink = byId('part-link', HTMLAnchorElement);
  partLink.href = `${model}/public.onnx`;
  partLink.hidden = part === undefined;
}

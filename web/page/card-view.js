/** The model's public card: a plain summary, and the whole of it. */

import { entriesOf } from './card-text.js';
import { byId, element } from './dom.js';

/** @param {import('../index.js').Card} card */
export function renderCard(card) {
  const pairs = entriesOf(card).flatMap(({ term, text }) => [element('dt', {}, term), element('dd', {}, text)]);
  byId('card-summary', HTMLElement).replaceChildren(...pairs);
  byId('card-json', HTMLElement).textContent = JSON.stringify(card.fields, null, 2);
  byId('card-link', HTMLAnchorElement).href = `/v2/models/${encodeURIComponent(card.fields.name)}/card`;
}

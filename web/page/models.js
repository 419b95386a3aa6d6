/** The models that a service has, sorted by what this page can do with them. */

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../index.js').Client} Client
 * @typedef {{digits: Card[], tables: Card[], others: string[]}} Models others by name
 */

const SIDE = 28;

/**
 * @param {Client} client
 * @param {Pick<import('../src/client.js').PredictOptions, 'onProgress'>} [options]
 * @returns {Promise<Models>}
 */
export async function loadModels(client, options) {
  const names = await client.models(options);
  const cards = await Promise.allSettled(names.map((name) => client.card(name)));
  /** @type {Models} */
  const models = { digits: [], tables: [], others: [] };
  cards.forEach((result, i) => {
    if (result.status === 'rejected') {
      if (result.reason?.code !== 'bad_card') throw result.reason;
      models.others.push(names[i]);
    } else if (result.value.fields.input.kind === 'table') models.tables.push(result.value);
    else if (isDigit(result.value)) models.digits.push(result.value);
    else models.others.push(names[i]);
  });
  return models;
}

/** Whether a model takes grey pictures of MNIST's size. @param {Card} card */
function isDigit({ fields: { input } }) {
  return input.kind === 'image' && input.shape.length === 2 && input.shape.every((side) => side === SIDE);
}

/** The page: it makes a key, finds the models, and lets a tab's task and the views follow each other. */

import { Client } from '../index.js';
import { AnswerView } from './answer-view.js';
import { renderCard } from './card-view.js';
import { CsvView } from './csv-view.js';
import { DigitTab } from './digit-tab.js';
import { announce, byId, element } from './dom.js';
import { troubleOf } from './errors.js';
import { connectFiles } from './files.js';
import { counted, duration } from './format.js';
import { HiddenView } from './hidden-view.js';
import { KeyHolder } from './key-holder.js';
import { Live } from './live.js';
import { loadModels } from './models.js';
import { ProblemView } from './problem-view.js';
import { PublicParts } from './public-parts.js';
import { SealedHolder } from './sealed-holder.js';
import { SEALED_INTRO, textOfRandomizers } from './sealed-words.js';
import { StepsView } from './steps.js';
import { TableTab } from './table-tab.js';
import { connectTabs } from './tabs.js';
import { Task } from './task.js';
import { TokenForm, isAboutToken } from './token.js';
import { textOfVouchers } from './voucher-words.js';
import { WayChoice } from './way-choice.js';
import { WireView } from './wire-view.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('./task.js').Question} Question
 *
 * @typedef {object} Tab
 * @property {HTMLElement} button
 * @property {HTMLSelectElement} choice of a model
 * @property {HTMLElement} parts describes a hybrid model's parts
 * @property {WayChoice} way what is encrypted
 * @property {Task} task
 * @property {Map<string, Card>} cards
 * @property {unknown} trouble with what was put in
 */

/** Where the service is: a proxy may have put it below a path. */
const SERVICE = new URL('..', import.meta.url).href;

const token = new TokenForm(useToken);
let client = new Client(SERVICE, token.options);
const keys = new KeyHolder();
const sealed = new SealedHolder();
const parts = new PublicParts();
const digit = new DigitTab();
const table = new TableTab();

/** @param {'digit' | 'table'} name @returns {Tab} */
const tabOf = (name) => ({
  button: byId(`tab-${name}`, HTMLElement),
  choice: byId(`${name}-model`, HTMLSelectElement),
  parts: byId(`${name}-parts`, HTMLElement),
  way: new WayChoice(name, changeWay),
  task: new Task(client, keys, sealed),
  cards: new Map(),
  trouble: undefined,
});
const tabs = { digit: tabOf('digit'), table: tabOf('table') };
/** The open one. @type {Tab} */
let tab = tabs.digit;
const live = new Live(tabs.digit.task, keys, sealed);

const steps = new StepsView(byId('steps', HTMLElement), byId('steps-total', HTMLElement));
const wire = new WireView();
const hidden = new HiddenView();
const answer = new AnswerView();
const csv = new CsvView();
const problem = new ProblemView(help, (error) => {
  dismissed = error;
  render();
});
/** The error that was read and dismissed. @type {unknown} */
let dismissed;
const predictDigit = byId('predict-digit', HTMLButtonElement);
const keySize = byId('key-size', HTMLSelectElement);

/** Shows the state of the open tab's task. */
function render() {
  const { task } = tab;
  if (task.card) showCard(task.card);
  const isSealed = isAskedSealed(tab);
  const sealedState = isSealed ? sealed.stateOf(cardOf(tab)) : undefined;
  tab.way.render(cardOf(tab));
  renderKey(isSealed);
  steps.render(task, keys, shownCard, sealedState);
  wire.render(task);
  hidden.render(cardOf(tab));
  answer.render(task);
  csv.render(task);
  const failures = [tab.trouble, task.phase === 'failed' ? task.error : undefined, sealedState ? sealedState.error : keys.state === 'failed' ? keys.error : undefined];
  problem.render(failures.find((failure) => failure !== undefined && failure !== dismissed));
  predictDigit.disabled = !renderParts(tabs.digit) || digit.isEmpty;
  table.allow(renderParts(tabs.table));
  renderLive();
  // A disabled button would lose the focus.
  predictDigit.setAttribute('aria-disabled', String(tabs.digit.task.isRunning));
  predictDigit.textContent = tabs.digit.task.isRunning ? 'Asking…' : isAskedSealed(tabs.digit) ? 'Mask and ask' : 'Encrypt and ask';
}

const INTRO = byId('intro', HTMLElement).textContent;

/** Shows the key, where one is needed. @param {boolean} isSealed */
function renderKey(isSealed) {
  const { state } = keys;
  byId('key', HTMLElement).dataset.state = isSealed ? 'none' : state;
  const texts = { none: 'No key yet', making: 'Making your key…', ready: 'Your key is ready', failed: 'There is no key' };
  byId('key-state', HTMLElement).textContent = isSealed ? 'No key of yours is needed' : texts[state];
  keySize.hidden = isSealed;
  const intro = byId('intro', HTMLElement);
  const text = isSealed ? SEALED_INTRO : INTRO;
  if (intro.textContent !== text) intro.textContent = text;
}

/** Goes on with another token where the service has asked for one. */
function useToken() {
  const waiting = Object.values(tabs).find(({ task }) => task.phase === 'failed' && isAboutToken(task.error));
  if (!waiting || byId('work', HTMLElement).hidden) return void start();
  useClient();
  void waiting.task.retry();
  render();
}

function useClient() {
  client = new Client(SERVICE, token.options);
  for (const { task } of Object.values(tabs)) task.client = client;
}

/** The model that is chosen. @param {Tab} chosen */
const cardOf = ({ cards, choice }) => cards.get(choice.value);

/** Whether a tab's model is asked sealed. @param {Tab} asked */
const isAskedSealed = (asked) => asked.way.isSealed(cardOf(asked));

/** Another thing is to be encrypted. */
function changeWay() {
  live.stop();
  tab.task.clear();
  choose();
  render();
}

/** Describes the parts of a tab's model, and whether it can be asked now. @param {Tab} shown */
function renderParts(shown) {
  const { state, text } = parts.stateOf(cardOf(shown));
  shown.parts.hidden = state === 'none';
  shown.parts.dataset.state = state;
  if (shown.parts.textContent !== text) {
    shown.parts.textContent = text;
    if (state === 'unfit') announce(text);
  }
  return state === 'none' || state === 'there';
}

/** @param {Tab} asking @param {Question} question */
function ask(asking, question) {
  dismissed = undefined;
  asking.trouble = parts.problemOf(cardOf(asking));
  if (asking.trouble) return render();
  if (asking === tabs.digit) live.stop();
  const isSealed = isAskedSealed(asking);
  void asking.task.ask({ ...question, isSealed });
  announce(isSealed ? 'Masking and asking' : 'Encrypting and asking');
  byId('answer-place', HTMLElement).scrollIntoView({ block: 'nearest' });
}

/** @type {Card | undefined} */
let shownCard;

/** @param {Card} card */
function showCard(card) {
  if (card !== shownCard) renderCard(card);
  shownCard = card;
}

/** Makes the chosen model the one that is asked. */
function choose() {
  const card = cardOf(tab);
  if (!card) return;
  showCard(card);
  const isSealed = isAskedSealed(tab);
  if (tab === tabs.table) table.choose(card, isSealed);
  if (!isSealed && keys.state === 'none') keys.make(Number(keySize.value));
  void prepare(card);
}

/** Makes ahead of time what a question takes. @param {Card} card */
async function prepare(card) {
  await parts.load(client, card);
  // Another model may have been chosen meanwhile.
  if (cardOf(tab) === card && !parts.problemOf(card)) void (isAskedSealed(tab) ? sealed : keys).prepare(client, card.fields.name, { isLive: tab === tabs.digit });
}

/** @param {import('./errors.js').Trouble['help']} kind @param {unknown} error */
function help(kind, error) {
  tab.trouble = undefined;
  if (kind === 'models') return void start();
  if (kind === 'token') {
    token.ask(error);
    dismissed = error;
    return render();
  }
  if (kind === 'key') keys.make(Number(keySize.value));
  if (tab.task.error === error) void tab.task.retry();
  render();
}

/** Finds the models, and shows the tabs that there are models for. */
async function start() {
  const [state, text, again] = [byId('models-state', HTMLElement), byId('models-text', HTMLElement), byId('reload', HTMLElement)];
  const work = byId('work', HTMLElement);
  again.hidden = true;
  useClient();
  for (const started of Object.values(tabs)) {
    started.trouble = undefined;
    started.task.clear();
  }
  try {
    const { digits, tables, others } = await loadModels(client);
    offer(tabs.digit, digits);
    offer(tabs.table, tables);
    const shown = Object.values(tabs).filter(({ cards }) => cards.size > 0);
    state.hidden = shown.length > 0 && others.length === 0;
    work.hidden = shown.length === 0;
    if (others.length > 0) text.textContent = `This page has no form for ${others.join(', ')}; the program veilcast can use all models.`;
    if (others.length + shown.length === 0) text.textContent = 'The service has no models yet. Its owner has to start it with some: veilcast serve --model DIRECTORY';
    byId('tabs', HTMLElement).hidden = shown.length < 2;
    if (shown.length > 0) openTab((tab.cards.size > 0 ? tab : shown[0]).button);
    again.hidden = shown.length > 0;
  } catch (error) {
    work.hidden = true;
    if (isAboutToken(error)) {
      state.hidden = true;
      return token.ask(error);
    }
    const { title, text: advice, detail } = troubleOf(error);
    state.hidden = false;
    again.hidden = false;
    text.textContent = `${title}. ${advice} (${detail})`;
  }
}

/** @param {Tab} filled @param {Card[]} cards */
function offer(filled, cards) {
  const before = filled.choice.value;
  filled.cards = new Map(cards.map((card) => [card.fields.name, card]));
  filled.choice.replaceChildren(...[...filled.cards.keys()].map((name) => element('option', { value: name }, name)));
  if (filled.cards.has(before)) filled.choice.value = before;
  filled.button.hidden = cards.length === 0;
  byId(`${filled.choice.id}-choice`, HTMLElement).hidden = cards.length < 2;
}

const openTab = connectTabs(
  Object.values(tabs).map(({ button }) => button),
  (button) => {
    tab = button === tabs.table.button ? tabs.table : tabs.digit;
    choose();
    render();
  },
);

for (const [name, followed] of Object.entries(tabs)) {
  followed.task.addEventListener('change', () => {
    if (followed === tab) render();
  });
  followed.choice.addEventListener('change', () => {
    if (followed === tabs.digit) live.stop();
    followed.task.clear();
    choose();
  });
  const source = name === 'digit' ? digit : table;
  source.addEventListener('trouble', (event) => {
    followed.trouble = /** @type {CustomEvent} */ (event).detail;
    render();
  });
}

/** Takes away an answer that was about another drawing, unless one that follows the pen takes its place. */
function forgetAnswer() {
  const { task, choice } = tabs.digit;
  tabs.digit.trouble = undefined;
  const isFollowed = task.phase === 'done' && task.way !== 'direct' && !digit.isEmpty && digit.isDrawn && live.left(choice.value, isAskedSealed(tabs.digit)) > 0;
  if (!isFollowed) task.clear();
  render();
}

/** Lets the answer follow the pen. @param {boolean} isOver whether the pen is up */
function follow(isOver) {
  const card = cardOf(tabs.digit);
  const isSealed = isAskedSealed(tabs.digit);
  if (!card || !(isSealed || card.ways.includes('vouchers')) || parts.problemOf(card)) return;
  const model = tabs.digit.choice.value;
  const question = () => {
    if (digit.isPenDown) digit.follow();
    return digit.isEmpty ? undefined : { ...digit.question(model), isSealed };
  };
  live.want(model, question, isOver, isSealed);
}

digit.addEventListener('begin', forgetAnswer);
digit.addEventListener('draw', () => follow(false));
digit.addEventListener('change', () => {
  if (!digit.isDrawn || digit.isEmpty) live.stop();
  forgetAnswer();
  if (digit.isDrawn && !digit.isEmpty) follow(!digit.isPenDown);
});
keys.addEventListener('vouchers', renderLive);
sealed.addEventListener('change', render);

/** Says whether answers follow the pen. */
function renderLive() {
  const isSealed = isAskedSealed(tabs.digit);
  const left = live.left(tabs.digit.choice.value, isSealed);
  const isOpening = sealed.stateOf(cardOf(tabs.digit)).state === 'opening';
  byId('live-state', HTMLElement).textContent = isSealed
    ? textOfRandomizers({ left, isOpening, isFilling: sealed.isFilling })
    : textOfVouchers({ left, isFilling: keys.isFilling });
}
table.addEventListener('ask', (event) => ask(tabs.table, /** @type {CustomEvent<Question>} */ (event).detail));
predictDigit.addEventListener('click', () => {
  if (!tabs.digit.task.isRunning) ask(tabs.digit, digit.question(tabs.digit.choice.value));
});
byId('cancel', HTMLElement).addEventListener('click', () => {
  tab.task.cancel();
  announce('Cancelled');
});
byId('resume', HTMLElement).addEventListener('click', () => void tab.task.retry());
byId('reload', HTMLElement).addEventListener('click', () => void start());
connectFiles(byId('digit-drop', HTMLElement), byId('csv-drop', HTMLElement), digit, table, () => tab === tabs.digit);

parts.addEventListener('change', render);
keys.addEventListener('change', () => {
  const { state, bits, time } = keys;
  // Those of the key before are of no use.
  if (state === 'making') client.dropVouchers();
  if (state === 'ready') {
    announce(`Your key of ${counted(bits, 'bit')} is ready, after ${duration(time)}.`);
    choose();
  }
  render();
});
keySize.addEventListener('change', () => {
  for (const { task } of Object.values(tabs)) if (task.isRunning) task.cancel();
  keys.make(Number(keySize.value));
});

void start();

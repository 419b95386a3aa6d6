/** The page: it makes a key, finds the models, and lets a tab's task and the views follow each other. */

import { Client } from '../index.js';
import { keepState, stateIn } from './address.js';
import { AnswerView } from './answer-view.js';
import { renderCard } from './card-view.js';
import { Compare } from './compare.js';
import { CsvView } from './csv-view.js';
import { DigitTab } from './digit-tab.js';
import { announce, byId, element } from './dom.js';
import { isAway, troubleAtStart } from './errors.js';
import { connectFiles } from './files.js';
import { counted, duration } from './format.js';
import { HiddenView } from './hidden-view.js';
import { KeyHolder } from './key-holder.js';
import { KeyView } from './key-view.js';
import { Live } from './live.js';
import { loadModels } from './models.js';
import { keepPage, whenBack } from './offline.js';
import { ProblemView } from './problem-view.js';
import { PublicParts } from './public-parts.js';
import { SealedHolder } from './sealed-holder.js';
import { textOfRandomizers } from './sealed-words.js';
import { StepsView } from './steps.js';
import { SumsView } from './sums-view.js';
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
 * @property {HTMLElement} live says whether answers follow what is put in
 * @property {'pen' | 'form'} follows what they follow
 * @property {Task} task
 * @property {Live} answers those that follow
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
function tabOf(name) {
  const task = new Task(client, keys, sealed);
  return {
    button: byId(`tab-${name}`, HTMLElement),
    choice: byId(`${name}-model`, HTMLSelectElement),
    parts: byId(`${name}-parts`, HTMLElement),
    live: byId(`${name}-live`, HTMLElement),
    follows: name === 'digit' ? 'pen' : 'form',
    task,
    answers: new Live(task, keys, sealed),
    cards: new Map(),
    trouble: undefined,
  };
}
const tabs = { table: tabOf('table'), digit: tabOf('digit') };
/** The open one. @type {Tab} */
let tab = tabs.table;
const ways = new WayChoice(changeWay);

const steps = new StepsView(byId('steps', HTMLElement), byId('steps-total', HTMLElement));
const wire = new WireView();
const hidden = new HiddenView();
const sums = new SumsView();
const answer = new AnswerView();
const compare = new Compare(render);
const keyView = new KeyView();
const csv = new CsvView();
const problem = new ProblemView(help, (error) => {
  dismissed = error;
  render();
});
/** The error that was read and dismissed. @type {unknown} */
let dismissed;
/** Stops looking for a service that was away. */
let stopLooking = () => {};
const buttons = { digit: byId('predict-digit', HTMLButtonElement), table: byId('predict-row', HTMLButtonElement) };
const keySize = byId('key-size', HTMLSelectElement);

/** Shows the state of the open tab's task. */
function render() {
  const { task } = tab;
  const card = cardOf(tab);
  if (task.card) showCard(task.card);
  const isSealed = wayOf(tab) === 'sealed';
  const sealedState = isSealed ? sealed.stateOf(card) : undefined;
  ways.render(card, keys.bits || Number(keySize.value));
  keyView.render(keys, isSealed);
  steps.render(task, keys, shownCard, sealedState, wayOf(tab));
  wire.render(task);
  hidden.render(card);
  sums.render(task, card, wayOf(tab));
  compare.render(task, card, tab === tabs.table);
  answer.render(task, tab === tabs.table ? compare.of(task, card) : undefined, tab === tabs.digit ? digit.oddity : '');
  csv.render(task);
  const failures = [
    tab.trouble,
    task.phase === 'failed' ? task.error : undefined,
    sealedState ? sealedState.error : keys.state === 'failed' ? keys.error : undefined,
  ];
  problem.render(failures.find((failure) => failure !== undefined && failure !== dismissed));
  buttons.digit.disabled = !renderParts(tabs.digit) || digit.isEmpty;
  table.allow(renderParts(tabs.table));
  renderLive();
  renderButton(tabs.digit, buttons.digit);
  renderButton(tabs.table, buttons.table);
}

/** @param {Tab} asked @param {HTMLButtonElement} button */
function renderButton(asked, button) {
  const isRow = asked.task.isRunning && asked.task.question?.kind !== 'csv';
  // A disabled button would lose the focus.
  button.setAttribute('aria-disabled', String(asked.task.isRunning));
  const text = isRow ? 'Asking…' : wayOf(asked) === 'direct' ? 'Encrypt and ask' : 'Mask and ask';
  if (button.textContent !== text) button.textContent = text;
}

let isRenderingSoon = false;

/** Shows it with the next picture, however often it changes until then. */
function renderSoon() {
  if (isRenderingSoon) return;
  isRenderingSoon = true;
  requestAnimationFrame(() => {
    isRenderingSoon = false;
    render();
  });
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

/** The way in which a tab's model is asked. @param {Tab} asked */
const wayOf = (asked) => ways.of(cardOf(asked));

/** Another way was chosen. */
function changeWay() {
  for (const { answers, task } of Object.values(tabs)) {
    answers.stop();
    task.clear();
  }
  choose();
  render();
  keep();
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
  asking.answers.stop();
  const way = wayOf(asking);
  void asking.task.ask({ ...question, way });
  announce(way === 'direct' ? 'Encrypting and asking' : 'Masking and asking');
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
  const isSealed = wayOf(tab) === 'sealed';
  if (tab === tabs.table) table.choose(card, isSealed);
  if (!isSealed && keys.state === 'none') keys.make(Number(keySize.value));
  void prepare(card);
}

/** Makes ahead of time what a question takes. @param {Card} card */
async function prepare(card) {
  await parts.load(client, card);
  // Another model may have been chosen meanwhile.
  if (cardOf(tab) === card && !parts.problemOf(card))
    void (wayOf(tab) === 'sealed' ? sealed : keys).prepare(client, card.fields.name, { isLive: wayOf(tab) !== 'direct' });
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
  const [state, title, text] = ['models-state', 'models-title', 'models-text'].map((id) => byId(id, HTMLElement));
  const [again, work] = ['reload', 'work'].map((id) => byId(id, HTMLElement));
  again.hidden = title.hidden = true;
  stopLooking();
  useClient();
  for (const started of Object.values(tabs)) {
    started.trouble = undefined;
    started.task.clear();
  }
  try {
    const onProgress = () => (text.textContent = 'No answer from the service yet. Trying again…');
    const { digits, tables, others } = await loadModels(client, { onProgress });
    offer(tabs.table, tables);
    offer(tabs.digit, digits);
    const shown = Object.values(tabs).filter(({ cards }) => cards.size > 0);
    state.hidden = shown.length > 0 && others.length === 0;
    work.hidden = shown.length === 0;
    if (others.length > 0) text.textContent = `This page has no form for ${others.join(', ')}; the program veilcast can use all models.`;
    if (others.length + shown.length === 0)
      text.textContent = 'The service has no models yet. Its owner has to start it with some: veilcast serve --model DIRECTORY';
    byId('tabs', HTMLElement).hidden = shown.length < 2;
    if (shown.length > 0) openTab((tab.cards.size > 0 ? tab : shown[0]).button);
    isStarted = true;
    again.hidden = shown.length > 0;
  } catch (error) {
    work.hidden = true;
    if (isAboutToken(error)) {
      state.hidden = true;
      return token.ask(error);
    }
    const trouble = troubleAtStart(error, navigator.onLine);
    title.textContent = trouble.title;
    text.textContent = trouble.text;
    state.hidden = title.hidden = false;
    again.hidden = false;
    if (isAway(error)) stopLooking = whenBack(SERVICE, startAgain);
  }
}

/** Starts once more, with the page as it is now: one that was opened without a connection may be older than the service. */
function startAgain() {
  if (navigator.serviceWorker?.controller) location.reload();
  else void start();
}

/** Whether the models were found, so that the address may tell which is chosen. */
let isStarted = false;

/** Keeps what is chosen in the address. */
function keep() {
  if (isStarted) keepState({ tab: tab === tabs.digit ? 'digit' : 'table', model: tab.choice.value, way: ways.wanted ?? null, bits: keySize.value });
}

/** Takes what the address says. @returns {string} the key's size before */
function takeAddress() {
  const { tab: name, model, way, bits } = stateIn(location.hash);
  const before = keySize.value;
  if ([...keySize.options].some(({ value }) => value === bits)) keySize.value = bits ?? '';
  ways.want(way);
  if (name === 'digit' || name === 'table') tab = tabs[name];
  wantedModel = model;
  return before;
}

/** The model that the address names. @type {string | null} */
let wantedModel = null;

/** @param {Tab} filled @param {Card[]} cards */
function offer(filled, cards) {
  const before = filled.cards.size === 0 ? (wantedModel ?? '') : filled.choice.value;
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
    keep();
  },
);

for (const [name, followed] of Object.entries(tabs)) {
  followed.task.addEventListener('change', () => {
    if (followed === tab) renderSoon();
  });
  followed.choice.addEventListener('change', () => {
    followed.answers.stop();
    followed.task.clear();
    choose();
    render();
    keep();
  });
  const source = name === 'digit' ? digit : table;
  source.addEventListener('trouble', (event) => {
    followed.trouble = /** @type {CustomEvent} */ (event).detail;
    render();
  });
}

/**
 * Takes away an answer that was about something else, unless one that follows what is put in takes its place.
 *
 * @param {Tab} changed
 * @param {boolean} isFollowed whether it may be
 */
function forgetAnswer(changed, isFollowed) {
  const { task, choice, answers } = changed;
  changed.trouble = undefined;
  if (!(isFollowed && task.phase === 'done' && task.way !== 'direct' && answers.left(choice.value, wayOf(changed) === 'sealed') > 0)) task.clear();
  render();
}

/**
 * Lets the answer follow what is put in.
 *
 * @param {Tab} followed
 * @param {() => Question | undefined} questionOf as it is when its turn comes
 * @param {boolean} isOver whether it is put in for now
 */
function follow(followed, questionOf, isOver) {
  const [card, way] = [cardOf(followed), wayOf(followed)];
  if (!card || way === 'direct' || parts.problemOf(card)) return;
  const question = () => {
    const asked = questionOf();
    return asked && { ...asked, way };
  };
  followed.answers.want(followed.choice.value, question, isOver, way === 'sealed');
}

const forgetDrawing = () => forgetAnswer(tabs.digit, !digit.isEmpty && digit.isDrawn);

/** @param {boolean} isOver whether the pen is up */
function followPen(isOver) {
  const question = () => {
    if (digit.isPenDown) digit.follow();
    return digit.isEmpty ? undefined : digit.question(tabs.digit.choice.value);
  };
  follow(tabs.digit, question, isOver);
}

/** @param {boolean} isOver whether a field is left */
function followForm(isOver) {
  // The answers to a whole table stay until a record is asked for.
  if (tabs.table.task.question?.kind === 'csv') return;
  const isValid = table.question() !== undefined;
  if (!isValid) tabs.table.answers.stop();
  forgetAnswer(tabs.table, isValid);
  if (isValid) follow(tabs.table, () => table.question(), isOver);
}

digit.addEventListener('begin', forgetDrawing);
digit.addEventListener('draw', () => followPen(false));
digit.addEventListener('change', () => {
  if (!digit.isDrawn || digit.isEmpty) tabs.digit.answers.stop();
  forgetDrawing();
  if (digit.isDrawn && !digit.isEmpty) followPen(!digit.isPenDown);
});
table.addEventListener('input', () => followForm(false));
table.addEventListener('change', () => followForm(true));
keys.addEventListener('vouchers', renderLive);
sealed.addEventListener('change', renderSoon);

/** Says whether answers follow what is put in. */
function renderLive() {
  for (const shown of Object.values(tabs)) {
    const way = wayOf(shown);
    const left = shown.answers.left(shown.choice.value, way === 'sealed');
    const isOpening = sealed.stateOf(cardOf(shown)).state === 'opening';
    const text = {
      direct: '',
      vouchers: textOfVouchers({ left, isFilling: keys.isFilling }, shown.follows),
      sealed: textOfRandomizers({ left, isOpening, isFilling: sealed.isFilling }, shown.follows),
    }[way];
    if (shown.live.textContent !== text) shown.live.textContent = text;
  }
}
table.addEventListener('ask', (event) => {
  const question = /** @type {CustomEvent<Question>} */ (event).detail;
  if (question.kind === 'csv' || !tabs.table.task.isRunning) ask(tabs.table, question);
});
buttons.digit.addEventListener('click', () => {
  if (!tabs.digit.task.isRunning) ask(tabs.digit, digit.question(tabs.digit.choice.value));
});
byId('cancel', HTMLElement).addEventListener('click', () => {
  tab.task.cancel();
  announce('Cancelled');
});
byId('resume', HTMLElement).addEventListener('click', () => void tab.task.retry());
byId('reload', HTMLElement).addEventListener('click', startAgain);
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

/** Makes a key of the size that is chosen. */
function makeKey() {
  for (const { task } of Object.values(tabs)) if (task.isRunning) task.cancel();
  keys.make(Number(keySize.value));
}

keySize.addEventListener('change', () => {
  makeKey();
  keep();
});
addEventListener('hashchange', () => {
  const before = takeAddress();
  if (keySize.value !== before && keys.state !== 'none') makeKey();
  const shown = tab.cards.size > 0 ? tab : Object.values(tabs).find(({ cards }) => cards.size > 0);
  if (!shown) return;
  if (wantedModel !== null && shown.cards.has(wantedModel)) shown.choice.value = wantedModel;
  changeWay();
  openTab(shown.button);
});

takeAddress();
void start().finally(keepPage);

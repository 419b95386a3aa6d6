/** The sheet to draw on: with mouse, finger, pen or keyboard; it also shows pictures from elsewhere. */

/**
 * @typedef {import('../src/grey.js').GreyImage} GreyImage
 * @typedef {[x: number, y: number]} Point from 0 to 1
 */

/** The pen's width as drawn, as a part of the sheet. */
const PEN = 0.075;
/** The pen's width for the model as a part of the drawing, about as in MNIST, however large it was drawn. */
const MODEL_PEN = 0.12;
/** Side of the picture of a drawing, in pixels. */
const SIDE = 280;
/** How far an arrow key moves the pen. */
const KEY_STEP = 1 / 28;

/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Drawing extends EventTarget {
  #canvas;
  #context;
  /** @type {Point[][]} */
  #strokes = [];
  /** @type {CanvasImageSource & {width: number, height: number} | undefined} a picture from elsewhere */
  #shown;
  #isSmooth = true;
  #isInk = false;
  /** The pen that is down. @type {number | undefined} */
  #pointer;
  /** @type {Point} where the keyboard's pen is */
  #cursor = [0.5, 0.25];
  #isKeyPenDown = false;
  /** @type {(text: string) => void} */
  #tell;

  /** @param {HTMLCanvasElement} canvas @param {(text: string) => void} tell for those who can't see the pen */
  constructor(canvas, tell) {
    super();
    this.#canvas = canvas;
    this.#tell = tell;
    const context = canvas.getContext('2d');
    if (!context) throw new TypeError('the browser has no canvas');
    this.#context = context;
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const type of /** @type {const} */ (['pointerup', 'pointercancel'])) canvas.addEventListener(type, (event) => this.#up(event));
    canvas.addEventListener('keydown', (event) => this.#key(event));
    for (const type of ['focus', 'blur']) canvas.addEventListener(type, () => this.redraw());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
    this.redraw();
  }

  get isEmpty() {
    return this.#strokes.length === 0 && !this.#shown;
  }

  /** Whether a stroke isn't over. */
  get isPenDown() {
    return this.#pointer !== undefined || this.#isKeyPenDown;
  }

  /** The greater of the width and the height of all strokes, as a part of the sheet; 0 without any. */
  get extent() {
    const all = this.#strokes.flat();
    if (all.length === 0) return 0;
    const extentOf = (/** @type {number[]} */ of) => of.reduce((a, b) => Math.max(a, b)) - of.reduce((a, b) => Math.min(a, b));
    return Math.max(extentOf(all.map(([x]) => x)), extentOf(all.map(([, y]) => y)));
  }

  clear() {
    this.#strokes = [];
    this.#shown = undefined;
    this.#pointer = undefined;
    this.#isKeyPenDown = false;
    this.#changed();
  }

  /**
   * Shows a picture from elsewhere instead of the drawing.
   *
   * @param {CanvasImageSource & {width: number, height: number}} picture
   * @param {{isSmooth: boolean, isInk?: boolean}} options whether its pixels run into each other; whether it is ink on nothing,
   *   which gets the colour of strokes
   */
  show(picture, { isSmooth, isInk = false }) {
    this.#strokes = [];
    this.#isKeyPenDown = false;
    this.#shown = picture;
    this.#isSmooth = isSmooth;
    this.#isInk = isInk;
    this.redraw();
  }

  /** The strokes as a picture, black on white; undefined without any. @returns {ImageData | undefined} */
  picture() {
    if (this.#strokes.length === 0) return undefined;
    const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true });
    if (!context) return undefined;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, SIDE, SIDE);
    stroke(context, this.#strokes, SIDE, '#000', Math.min(Math.max(MODEL_PEN * this.extent, 0.03), PEN * 1.3));
    return context.getImageData(0, 0, SIDE, SIDE);
  }

  redraw() {
    const { width, height } = this.#canvas;
    const { color } = getComputedStyle(this.#canvas);
    this.#context.clearRect(0, 0, width, height);
    if (this.#shown) {
      const scale = Math.min(width / this.#shown.width, height / this.#shown.height);
      const [w, h] = [this.#shown.width * scale, this.#shown.height * scale];
      this.#context.imageSmoothingEnabled = this.#isSmooth;
      this.#context.drawImage(this.#shown, (width - w) / 2, (height - h) / 2, w, h);
      if (this.#isInk) this.#dye(color);
    }
    stroke(this.#context, this.#strokes, width, color, PEN);
    if (this.#canvas.matches(':focus-visible')) this.#drawCursor(width);
  }

  /** Gives what is drawn another colour. @param {string} color */
  #dye(color) {
    this.#context.globalCompositeOperation = 'source-in';
    this.#context.fillStyle = color;
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#context.globalCompositeOperation = 'source-over';
  }

  /** @param {number} width */
  #drawCursor(width) {
    const [x, y] = this.#cursor.map((part) => part * width);
    this.#context.beginPath();
    this.#context.arc(x, y, (PEN / 2) * width, 0, 2 * Math.PI);
    this.#context.strokeStyle = getComputedStyle(this.#canvas).getPropertyValue('--accent');
    this.#context.lineWidth = this.#isKeyPenDown ? 10 : 4;
    this.#context.stroke();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.#pointer !== undefined || event.button !== 0) return;
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#isKeyPenDown = false;
    this.#begin(this.#at(event));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    // What the pen did between two frames; none where the browser doesn't say.
    const points = event.getCoalescedEvents?.() ?? [];
    for (const point of points.length > 0 ? points : [event]) this.#strokes.at(-1)?.push(this.#at(point));
    this.redraw();
    this.dispatchEvent(new Event('draw'));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = undefined;
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = KEY_STEP * (event.shiftKey ? 3 : 1);
      const moved = this.#cursor.map((part, i) => Math.min(Math.max(part + arrow[i] * step, 0.05), 0.95));
      this.#cursor = [moved[0], moved[1]];
      if (this.#isKeyPenDown) {
        this.#strokes.at(-1)?.push(this.#cursor);
        this.#changed();
      } else this.redraw();
    } else if (event.key === ' ') {
      this.#isKeyPenDown = !this.#isKeyPenDown;
      this.#tell(this.#isKeyPenDown ? 'Pen down' : 'Pen up');
      if (this.#isKeyPenDown) this.#begin(this.#cursor);
      this.#changed();
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      this.clear();
      this.#tell('Drawing cleared');
    } else return;
    event.preventDefault();
  }

  /** @param {Point} point */
  #begin(point) {
    this.#shown = undefined;
    this.#strokes.push([point]);
    this.redraw();
    this.dispatchEvent(new Event('begin'));
  }

  /** @param {PointerEvent} event @returns {Point} */
  #at({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  #changed() {
    this.redraw();
    this.dispatchEvent(new Event('change'));
  }
}

/**
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context
 * @param {readonly Point[][]} strokes
 * @param {number} side
 * @param {string} colour
 * @param {number} pen
 */
function stroke(context, strokes, side, colour, pen) {
  context.strokeStyle = colour;
  context.lineWidth = pen * side;
  context.lineCap = context.lineJoin = 'round';
  for (const points of strokes) {
    context.beginPath();
    context.moveTo(points[0][0] * side, points[0][1] * side);
    // A line to itself is a dot.
    for (const [x, y] of points) context.lineTo(x * side, y * side);
    context.stroke();
  }
}

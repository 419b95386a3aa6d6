/** Files that are dropped onto the page or pasted into it. */

/**
 * @typedef {{offer: (file: File | undefined) => void}} Taker
 */

/**
 * @param {HTMLElement} sheet takes pictures
 * @param {HTMLElement} table takes CSV files
 * @param {Taker} digit
 * @param {Taker} csv
 * @param {() => boolean} isDigitOpen
 */
export function connectFiles(sheet, table, digit, csv, isDigitOpen) {
  connectDrop(sheet, digit);
  connectDrop(table, csv);
  // Elsewhere, a dropped file must not replace the page and the key with it.
  for (const type of ['dragover', 'drop']) document.addEventListener(type, (event) => event.preventDefault());
  document.addEventListener('paste', (event) => {
    const picture = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (picture && isDigitOpen()) digit.offer(picture);
    const cells = event.clipboardData?.getData('text/plain') ?? '';
    // Into a field goes what is meant for it; a table has a header and a record at least.
    if (!isDigitOpen() && !isField(event.target) && cells.trim().includes('\n')) csv.offer(new File([cells], 'pasted.txt', { type: 'text/plain' }));
  });
}

/** @param {EventTarget | null} target */
const isField = (target) => target instanceof Element && target.closest('input, select, textarea') !== null;

/** @param {HTMLElement} place @param {Taker} taker */
function connectDrop(place, taker) {
  const mark = (/** @type {boolean} */ isOver) => place.classList.toggle('over', isOver);
  place.addEventListener('dragover', (event) => {
    event.preventDefault();
    mark(true);
  });
  place.addEventListener('dragleave', () => mark(false));
  place.addEventListener('drop', (event) => {
    event.preventDefault();
    mark(false);
    taker.offer(event.dataTransfer?.files[0]);
  });
}

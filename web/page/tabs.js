/** Tabs as the ARIA practices describe them: arrow keys move between them, and the one in focus is open. */

/**
 * @param {readonly HTMLElement[]} tabs each names its panel in aria-controls
 * @param {(tab: HTMLElement) => void} onOpen
 * @returns {(tab: HTMLElement) => void} opens one
 */
export function connectTabs(tabs, onOpen) {
  const open = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of tabs) {
      const isOpen = tab === chosen;
      tab.setAttribute('aria-selected', String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute('aria-controls') ?? '');
      if (panel) panel.hidden = !isOpen;
    }
    onOpen(chosen);
  };
  for (const tab of tabs) {
    tab.addEventListener('click', () => open(tab));
    tab.addEventListener('keydown', (event) => {
      const shown = tabs.filter(({ hidden }) => !hidden);
      const place = shown.indexOf(tab);
      const target = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: -1 }[event.key];
      if (target === undefined) return;
      event.preventDefault();
      const next = shown.at(target % shown.length);
      if (!next) return;
      next.focus();
      open(next);
    });
  }
  return open;
}

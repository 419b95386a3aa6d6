/** The page without a connection: the browser keeps its files, and it waits for the service to come back. */

/** Milliseconds between two looks for the service. */
const PAUSE = 5000;

/** Statuses of a proxy in front of a service that is away. */
const AWAY = [502, 503, 504];

/**
 * Lets the browser keep the page's own files, so that the page opens without a connection.
 *
 * Browsers do that only for pages from https:// or this machine, and some not in private windows. Without it, the page does all it
 * does with a connection.
 */
export function keepPage() {
  const script = new URL('../service-worker.js', import.meta.url);
  navigator.serviceWorker?.register(script, { updateViaCache: 'none' }).catch(() => {});
}

/**
 * Looks for a service until it answers.
 *
 * @param {string} service its URL
 * @param {() => void} then what is done when it does
 * @returns {() => void} stops looking
 */
export function whenBack(service, then) {
  const looking = new AbortController();
  const { signal } = looking;
  const look = async () => {
    if (!(await isThere(service)) || signal.aborted) return;
    looking.abort();
    then();
  };
  const timer = setInterval(look, PAUSE);
  signal.addEventListener('abort', () => clearInterval(timer));
  addEventListener('online', look, { signal });
  return () => looking.abort();
}

/** @param {string} service */
async function isThere(service) {
  try {
    const { status } = await fetch(new URL('v2', service), { cache: 'no-store' });
    return !AWAY.includes(status);
  } catch {
    return false;
  }
}

/** Servers of tests. */

import { once } from 'node:events';

/** Lets a server listen on a free port until the test ends; gives its URL. @param {import('node:test').TestContext} t @param {import('node:http').Server} server */
export async function listen(t, server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `http://127.0.0.1:${port}`;
}

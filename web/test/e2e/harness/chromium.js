/**
 * How the tests start Chromium. The environment variable CHROMIUM holds its path, if it is at none of the usual ones.
 */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

const PATHS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = PATHS.find((path) => path && existsSync(path));
assert.ok(executablePath, 'set the environment variable CHROMIUM to the path of Chromium');

/** What keeps Chromium from asking anybody but the page's service. */
const QUIET = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** The sandbox can't be had by root, nor in most containers; the only pages are our own. */
export const CHROMIUM = { executablePath, chromiumSandbox: false, args: QUIET };

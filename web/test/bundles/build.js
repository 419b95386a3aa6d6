/** Builds the tiny page with bundlers, each as its own documentation says. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { build as vite } from 'vite';
import webpack from 'webpack';

const here = fileURLToPath(new URL('.', import.meta.url));
const app = join(here, 'app.js');
const [entry, worker] = ['../../index.js', '../../src/worker.js'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** The package by its name, as if it were installed. */
const alias = { veilcast: entry };

/** @type {Record<string, (out: string) => Promise<unknown>>} */
export const BUNDLERS = {
  vite: (out) =>
    vite({
      root: here,
      configFile: false,
      logLevel: 'error',
      resolve: { alias },
      build: { target: 'es2022', outDir: out, emptyOutDir: true, rolldownOptions: { input: app, output: { entryFileNames: 'app.js' } } },
    }),
  webpack: (out) =>
    new Promise((resolve, reject) => {
      const settings = /** @type {const} */ ({
        mode: 'production',
        entry: app,
        output: { path: out, filename: 'app.js', publicPath: '/' },
        resolve: { alias: { veilcast$: entry } },
        optimization: { minimize: false },
      });
      webpack(settings, (error, stats) => {
        if (error ?? stats?.hasErrors()) reject(error ?? new Error(stats?.toString({ colors: false })));
        else resolve(stats);
      });
    }),
  // It leaves the worker's address as it is, so that file is an entry of its own.
  esbuild: (out) =>
    esbuild.build({
      entryPoints: { app, worker },
      bundle: true,
      minify: true,
      format: 'esm',
      splitting: true,
      target: 'es2022',
      outdir: out,
      alias,
      logLevel: 'error',
    }),
};

/** Builds the page, and a document that loads it. @param {string} name of the bundler @param {string} out */
export async function buildWith(name, out) {
  mkdirSync(out, { recursive: true });
  await BUNDLERS[name](out);
  writeFileSync(
    join(out, 'index.html'),
    '<!doctype html><meta charset="utf-8"><title>Clinic</title><link rel="icon" href="data:,"><script type="module" src="app.js"></script>',
  );
}

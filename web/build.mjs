// SPDX-License-Identifier: Apache-2.0
// Bundles the page into dist/: index.html and, under assets/, one script and one stylesheet with their content's hash in the name,
// so that the server may let browsers keep them for ever. Fails when the first view would grow past its budget.
import { build } from 'esbuild';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';

const budgetBytes = 70_000; // gzipped, all that the first view loads

await rm('dist', { recursive: true, force: true });
await mkdir('dist/assets', { recursive: true });
// One block of dark colours serves the page's own switch and the system's.
const dark = {
    name: 'dark',
    setup: (build) => build.onLoad({ filter: /dark\.css$/ }, async ({ path }) => {
        const chosen = await readFile(path, 'utf8'), rule = chosen.slice(chosen.indexOf(':root'));
        return { loader: 'css', contents: `@media (prefers-color-scheme: dark) { ${rule.replace("[data-theme='dark']", ':not([data-theme])')} }\n${rule}` };
    }),
};
const result = await build({
    plugins: [dark],
    entryPoints: { page: 'src/main.jsx' },
    outdir: 'dist/assets',
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome92', 'safari16', 'firefox92'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
});
const files = Object.keys(result.metafile.outputs).map((path) => basename(path));
const script = files.find((name) => name.endsWith('.js'));
const style = files.find((name) => name.endsWith('.css'));
const html = (await readFile('src/index.html', 'utf8')).replace('page.js', script).replace('page.css', style);
await writeFile('dist/index.html', html);

let bytes = 0;
for (const name of ['index.html', `assets/${script}`, `assets/${style}`]) {
    const size = gzipSync(await readFile(`dist/${name}`), { level: 9 }).length;
    bytes += size;
    console.log(`${name}  ${size} bytes gzipped`);
}
if (bytes > budgetBytes) {
    console.error(`page: ${bytes} bytes gzipped, more than the ${budgetBytes} allowed; leave something out`);
    process.exit(1);
}

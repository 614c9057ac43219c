// SPDX-License-Identifier: Apache-2.0
// Builds the page: node build.mjs OUTDIR makes assets.pack (the files, each gzip, one behind the other)
// and assets.h (a C table of them). Files are named by a hash of their content, so that a browser may
// keep them for ever; index.html is asked for each time.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error('usage: node build.mjs OUTDIR');
  process.exit(2);
}

const mimes = { '.js': 'text/javascript; charset=UTF-8', '.css': 'text/css; charset=UTF-8', '.html': 'text/html; charset=UTF-8', '.svg': 'image/svg+xml' };

const built = await build({
  absWorkingDir: here,
  entryPoints: ['src/main.tsx', 'src/look.css'],
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name].[hash]',
  outdir: 'dist',
  write: false,
  legalComments: 'eof',
  metafile: true,
});

const files = built.outputFiles.map((f) => ({ path: '/-/' + basename(f.path), bytes: Buffer.from(f.contents), immutable: true }));
const icon = readFileSync(join(here, 'src/favicon.svg'));
const icon_name = `/-/favicon.${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`;
files.push({ path: icon_name, bytes: icon, immutable: true });
const named = (ext) => files.find((f) => f.path.endsWith(ext)).path;
const page = readFileSync(join(here, 'src/index.html'), 'utf8')
  .replace('{js}', named('.js')).replace('{css}', named('.css')).replace('{icon}', icon_name);
files.push({ path: '/index.html', bytes: Buffer.from(page), immutable: false });

let offset = 0;
const rows = [];
const pack = [];
for (const f of files.sort((a, b) => (a.path < b.path ? -1 : 1))) {
  const packed = gzipSync(f.bytes, { level: 9 });
  packed[9] = 255; // the header's operating system: the same bytes everywhere
  const etag = createHash('sha256').update(packed).digest('hex').slice(0, 16);
  rows.push(`    {"${f.path}", "${mimes[extname(f.path)]}", ${offset}, ${packed.length}, "${etag}", ${f.immutable ? 1 : 0}},`);
  pack.push(packed);
  offset += packed.length;
  console.log(`${f.path}  ${f.bytes.length} bytes, ${packed.length} packed`);
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'assets.pack'), Buffer.concat(pack));
writeFileSync(join(out, 'assets.h'), `/* Made by ui/build.mjs. */\nstatic const struct web_asset WEB_ASSETS[] = {\n${rows.join('\n')}\n};\n#define WEB_ASSETS_LEN ${rows.length}\n`);
console.log(`all: ${offset} bytes packed`);

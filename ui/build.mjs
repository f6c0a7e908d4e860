// Builds src/ into the package's static/dist: hashed names, a manifest, licences and compressed twins.
//     npm ci --ignore-scripts && node build.mjs
// The same sources and versions give the same bytes; the result is committed, so nobody needs Node to run the platform.
import * as esbuild from 'esbuild';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const here = import.meta.dirname;
const out = path.resolve(process.argv[2] ?? path.join(here, '../platform/dealwright/web/static/dist'));
process.chdir(here);
fs.rmSync(out, {recursive: true, force: true});
fs.mkdirSync(out, {recursive: true});

// light-dark() is in browsers since spring 2024: the oldest that show the pages as they are meant.
const common = {
  absWorkingDir: here, preserveSymlinks: true, bundle: true, minify: true, metafile: true, outdir: out, entryNames: '[name]-[hash]', assetNames: '[name]-[hash]',
  target: ['chrome123', 'firefox128', 'safari17.5'], legalComments: 'none', loader: {'.woff2': 'file'}, logLevel: 'warning',
};
const scripts = await esbuild.build({
  ...common, entryPoints: ['src/app.js', 'src/admin.js', 'src/board.js', 'src/calendar.js', 'src/list.js'], format: 'esm', splitting: true, chunkNames: 'chunk-[hash]',
});
const styles = await esbuild.build({...common, entryPoints: ['src/app.css']});

// One sprite of the icons in icons.txt; a page refers to them by <use>, so each is fetched once.
const names = fs.readFileSync('icons.txt', 'utf8').split(/\s+/).filter(Boolean).sort();
const symbols = names.map(name => {
  const svg = fs.readFileSync(`node_modules/lucide-static/icons/${name}.svg`, 'utf8');
  const inside = svg.replace(/<!--.*?-->/gs, '').replace(/<\/?svg[^>]*>/g, '').replace(/\s+/g, ' ').trim();
  return `<symbol id="${name}" viewBox="0 0 24 24">${inside}</symbol>`;
});
const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`;
const hash = crypto.createHash('sha256').update(sprite).digest('hex').slice(0, 8).toUpperCase();
fs.writeFileSync(path.join(out, `icons-${hash}.svg`), sprite);

const manifest = {'icons.svg': {file: `icons-${hash}.svg`, imports: []}};
for (const {metafile} of [scripts, styles]) {
  for (const [file, output] of Object.entries(metafile.outputs)) {
    const name = output.entryPoint ? path.basename(output.entryPoint) : file.endsWith('.woff2') ? 'font.woff2' : null;
    const imports = output.imports.filter(one => one.kind === 'import-statement').map(one => path.basename(one.path));
    if (name) manifest[name] = {file: path.basename(file), imports};
  }
}
// What makes the pages an application on a phone: icons, what it is called, the worker that keeps the shell, the page it shows
// without a connection. The worker's name stays; its content names the files of this build.
const put = (name, content, {plain = false} = {}) => {
  const mark = crypto.createHash('sha256').update(content).digest('hex').slice(0, 8).toUpperCase();
  const file = plain ? name : name.replace(/(\.\w+)$/, `-${mark}$1`);
  fs.writeFileSync(path.join(out, file), content);
  manifest[name] = {file, imports: []};
  return `/static/dist/${file}`;
};
const pictures = ['icon-192.png', 'icon-512.png', 'maskable-512.png'].map(name => put(name, fs.readFileSync(`src/icons/${name}`)));
const icons = pictures.map((src, i) => ({src, sizes: i ? '512x512' : '192x192', type: 'image/png', purpose: i === 2 ? 'maskable' : 'any'}));
put('app.webmanifest', JSON.stringify({
  id: '/', name: 'Dealwright', short_name: 'Dealwright', start_url: '/', scope: '/', display: 'standalone',
  background_color: '#f7f7f9', theme_color: '#5046e4', icons,
}, null, 1) + '\n');
const offline = put('offline.html', fs.readFileSync('src/offline.html', 'utf8').replace('__CSS__', `/static/dist/${manifest['app.css'].file}`));
const chunks = Object.keys(scripts.metafile.outputs).map(file => path.basename(file)).filter(file => !file.startsWith('admin'));
const shell = [...new Set([...chunks, ...['app.css', 'icons.svg', 'font.woff2'].map(name => manifest[name].file)])].sort().map(file => `/static/dist/${file}`);
const version = crypto.createHash('sha256').update([...shell, offline].join()).digest('hex').slice(0, 12);
const worker = fs.readFileSync('src/worker.js', 'utf8').replace('__VERSION__', version).replace('__FILES__', JSON.stringify(shell)).replace('__OFFLINE__', offline);
put('worker.js', worker, {plain: true});

const ordered = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
fs.writeFileSync(path.join(out, 'manifest.json'), JSON.stringify(ordered, null, 1) + '\n');

const shipped = ['htmx.org', '@fontsource-variable/inter', 'lucide-static'];
const licences = shipped.map(name => {
  const {version} = JSON.parse(fs.readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  return `${name} ${version}\n\n${fs.readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()}\n`;
});
fs.writeFileSync(path.join(out, 'LICENSES.txt'), licences.join(`\n${'-'.repeat(78)}\n\n`));

for (const file of fs.readdirSync(out).filter(name => /\.(js|css|svg)$/.test(name))) {
  const bytes = fs.readFileSync(path.join(out, file));
  fs.writeFileSync(path.join(out, `${file}.gz`), zlib.gzipSync(bytes, {level: 9}));
  const params = {[zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length};
  fs.writeFileSync(path.join(out, `${file}.br`), zlib.brotliCompressSync(bytes, {params}));
}

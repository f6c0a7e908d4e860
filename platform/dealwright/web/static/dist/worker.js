// Keeps what every page is made of (scripts, styles, icons, the font) on the device, by version, and shows a page of its own
// where there is no connection. It never keeps a page or an answer: they belong to who is signed in.
const VERSION = 'afb6e27e9589', FILES = ["/static/dist/app-DQNM6UDP.css","/static/dist/app-GWA2LH5B.js","/static/dist/board-IPG2Q3EW.js","/static/dist/chunk-3C5Y3TNT.js","/static/dist/chunk-KMNLIJJZ.js","/static/dist/chunk-KTIRPLYM.js","/static/dist/chunk-SMV6ADDL.js","/static/dist/icons-27CBEC94.svg","/static/dist/inter-latin-wght-normal-NRMW37G5.woff2","/static/dist/list-2MIZAULS.js"], OFFLINE = '/static/dist/offline-2E7C10C6.html';
const CACHE = `dealwright-${VERSION}`;

self.addEventListener('install', event => {
  event.waitUntil(caches.open(CACHE).then(cache => cache.addAll([...FILES, OFFLINE])).then(() => self.skipWaiting()));
});
self.addEventListener('activate', event => {
  const old = names => names.filter(name => name.startsWith('dealwright-') && name !== CACHE);
  event.waitUntil(caches.keys().then(names => Promise.all(old(names).map(name => caches.delete(name)))).then(() => self.clients.claim()));
});
self.addEventListener('fetch', event => {
  const {request} = event, {origin, pathname} = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (FILES.includes(pathname)) event.respondWith(caches.match(pathname).then(kept => kept ?? fetch(request)));
  else if (request.mode === 'navigate') event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
});

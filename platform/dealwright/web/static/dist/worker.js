// Keeps what every page is made of (scripts, styles, icons, the font) on the device, by version, and shows a page of its own
// where there is no connection. Pages and answers belong to who is signed in: it keeps only pages that reading.js asks it to
// keep, for one person, and shows them with the moment they are of.
const VERSION = '439ae3279e7a', FILES = ["/static/dist/app-PU6U35WO.css","/static/dist/app-U6NBXD53.js","/static/dist/board-RCE7SFBF.js","/static/dist/calendar-CFU7TNQE.js","/static/dist/chunk-7HB6IPSW.js","/static/dist/chunk-AE3GRL5H.js","/static/dist/chunk-J2J3RFO6.js","/static/dist/chunk-VWH3ZZS2.js","/static/dist/icons-6BD0C96D.svg","/static/dist/inter-latin-wght-normal-NRMW37G5.woff2","/static/dist/list-UDKRW7SV.js"], OFFLINE = '/static/dist/offline-4050C51D.html';
const CACHE = `dealwright-${VERSION}`, KEPT = 'dealwright-kept-', PAGES = 60, DAYS = 7, AT = 'Dealwright-At';
const held = new Map(); // the page that each window shows, until it is asked for or the worker rests

self.addEventListener('install', event => {
  event.waitUntil(caches.open(CACHE).then(cache => cache.addAll([...FILES, OFFLINE])).then(() => self.skipWaiting()));
});
self.addEventListener('activate', event => {
  const old = names => names.filter(name => name.startsWith('dealwright-') && !name.startsWith(KEPT) && name !== CACHE);
  event.waitUntil(caches.keys().then(names => Promise.all(old(names).map(name => caches.delete(name)))).then(() => self.clients.claim()));
});
self.addEventListener('fetch', event => {
  const {request} = event, {origin, pathname} = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (FILES.includes(pathname)) event.respondWith(caches.match(pathname).then(kept => kept ?? fetch(request)));
  else if (request.mode === 'navigate') event.respondWith(brought(event, pathname));
});
self.addEventListener('message', event => {
  if (event.data?.keep) event.waitUntil(keep(event.data.keep, event.data.url, event.source.id));
});

async function brought(event, pathname) {
  try {
    const page = await fetch(event.request);
    if (page.ok && page.headers.get('Content-Type')?.startsWith('text/html')) {
      held.set(event.resultingClientId, page.clone());
      if (held.size > 5) held.delete(held.keys().next().value);
    }
    return page;
  } catch {
    return (await read(pathname)) ?? offline();
  }
}

async function keep(user, url, client) {
  const page = held.get(client);
  if (!page || new URL(page.url).pathname !== url) return;
  held.delete(client);
  const cache = await caches.open(KEPT + user), headers = new Headers(page.headers);
  headers.set(AT, String(Date.now()));
  for (const name of ['Content-Encoding', 'Content-Length']) headers.delete(name); // the body is kept as it is read
  await cache.delete(url); // the newest stands last
  await cache.put(url, new Response(await page.blob(), {headers}));
  const all = await cache.keys();
  for (const one of all.slice(0, Math.max(0, all.length - PAGES))) await cache.delete(one);
}

/** The pages of the person whose cache there is, newest first, with their moment; what is too old goes. */
async function pages() {
  const name = (await caches.keys()).find(one => one.startsWith(KEPT));
  if (!name) return [];
  const cache = await caches.open(name), found = [];
  for (const request of await cache.keys()) {
    const page = await cache.match(request), at = Number(page.headers.get(AT));
    if (at < Date.now() - DAYS * 86400000) await cache.delete(request);
    else found.unshift({url: new URL(request.url).pathname, page, at});
  }
  return found;
}

async function read(pathname) {
  const one = (await pages()).find(other => other.url === pathname);
  if (!one) return null;
  const text = (await one.page.text()).replace('<html', `<html data-kept="${one.at}"`);
  return new Response(text, {headers: one.page.headers});
}

async function offline() {
  const page = await caches.match(OFFLINE), all = await pages();
  if (!all.length) return page;
  const titles = await Promise.all(all.map(async ({page: kept}) => (await kept.text()).match(/<title>([^<]*)/)?.[1].replace(/ · [^·]*$/, '')));
  const links = all.map(({url}, i) => `<li><a href="${url}">${titles[i] || url}</a></li>`).join('');
  return new Response((await page.text()).replace('<!--kept-->', `<h2>Kept here · <span lang="zh-CN">保存在此设备上</span></h2><ul class="kept-pages">${links}</ul>`), {headers: page.headers});
}

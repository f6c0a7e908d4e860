// Changes that could not be sent: kept in this browser for their writer, shown, and sent when there is a connection again,
// each under a key by which the server knows a second arrival of the same (Idempotency-Key). What the server refuses stays,
// with a way to look at it. Signing out asks before it removes what is left.
import {$, $$, csrf, icon, t, toast} from './core.js';
import * as waiting from './waiting.js';

const main = $('main[data-user]');
const KEY = `dealwright.unsent:${main?.dataset.user}`, EVERY = 20000;
let sending = false;

const read = () => JSON.parse(localStorage.getItem(KEY) ?? '[]');
function write(all) {
  if (all.length) localStorage.setItem(KEY, JSON.stringify(all));
  else localStorage.removeItem(KEY);
  show();
}

const written = (form, submitter) => [...new FormData(form, submitter)].filter(([name, value]) => typeof value === 'string' && name !== 'csrf_token');

/** Keep a form that could not be sent; the same page sent again replaces what it left before. */
export function keep(form, submitter) {
  const entries = written(form, submitter);
  const id = form.dataset.unsent ??= crypto.randomUUID();
  const named = form.matches('[data-form]') && entries.find(([name, value]) => name !== 'version' && value.trim() && value.length < 80 && !value.startsWith(waiting.PREFIX))?.[1];
  const page = form.dataset.title || document.title.replace(/ · [^·]*$/, '');
  const one = {id, url: form.getAttribute('action'), title: named && !page.includes(named) ? `${page}: ${named}` : page, at: Date.now(), entries, state: 'waiting'};
  write([...read().filter(other => other.id !== id), one]);
  toast(t('No connection. Kept on this device; it is sent as soon as there is one.'));
  document.dispatchEvent(new Event('dw:kept'));
}

async function flush() {
  if (sending || !main || !navigator.onLine || !read().some(one => one.state === 'waiting')) return;
  sending = true;
  try {
    for (const kept of read().filter(other => other.state === 'waiting')) {
      const typed = JSON.stringify(kept.entries), one = await arrived(kept);
      if (one === null) break;
      if (one.state !== 'waiting') continue;
      const headers = {'X-CSRF-Token': csrf(), 'HX-Request': 'true', 'Idempotency-Key': one.id};
      const answer = await fetch(one.url, {method: 'POST', body: new URLSearchParams(one.entries), headers, redirect: 'manual'}).catch(() => null);
      if (!answer || answer.status >= 500) break;
      const to = answer.headers.get('HX-Redirect') ?? '';
      if (to.startsWith('/sign-in') || answer.status === 403 || answer.status === 429) break; // not his turn: it stays
      const done = answer.ok || answer.type === 'opaqueredirect';
      write(read().flatMap(other => (other.id !== one.id ? [other] : done ? [] : [{...other, state: answer.status === 412 ? 'changed' : 'refused'}])));
      if (!done) continue;
      toast(t('Sent: %(title)s', {title: one.title}));
      const form = $(`form[data-unsent="${one.id}"]`);
      if (!form) continue;
      delete form.dataset.unsent;
      if (to && JSON.stringify(written(form)) === typed) location.assign(to); // saved: on to what saving leads to
    }
  } finally {
    sending = false;
  }
}

/** Send the files that a form names, and let it name what they are called now; null while there is no way for them. */
async function arrived(one) {
  const files = new Map((one.entries.some(([, value]) => value.startsWith(waiting.PREFIX)) ? await waiting.all() : []).map(file => [file.id, file]));
  for (const entry of one.entries) {
    if (!entry[1].startsWith(waiting.PREFIX)) continue;
    const file = files.get(entry[1]);
    try {
      const held = file ? await waiting.send(file, csrf()) : {id: ''};
      waiting.take(entry[1]);
      entry[1] = held.id;
    } catch (reason) {
      if (reason === waiting.OFFLINE) return null;
      one.state = 'refused';
      one.why = `${file.file.name}: ${reason}`;
    }
    write(read().map(other => (other.id === one.id ? one : other))); // what has arrived is not sent again
    if (one.state === 'refused') break;
  }
  return one;
}

/** Look at what was refused: the form offers what was typed, and saving there shows both sides. */
function open(one) {
  const path = new URL(one.url, location.href).pathname;
  const version = one.entries.find(([name]) => name === 'version')?.[1] ?? '';
  const entries = one.entries.filter(([name]) => !['version', '_again'].includes(name));
  localStorage.setItem(`dealwright.draft:${main.dataset.user}:${path}`, JSON.stringify({at: one.at, version, entries}));
  write(read().filter(other => other.id !== one.id));
  location.assign(path);
}

const forget = one => one.entries.forEach(([, value]) => value.startsWith(waiting.PREFIX) && waiting.take(value));

const STATES = {
  waiting: () => t('waits for a connection'),
  changed: () => t('somebody else has changed this record meanwhile'),
  refused: () => t('was not taken; look at it'),
};

function show() {
  const all = main ? read() : [];
  let bar = $('.unsent');
  if (!all.length) {
    bar?.remove();
    return;
  }
  if (!bar) {
    bar = document.createElement('details');
    bar.className = 'unsent';
    bar.setAttribute('role', 'status');
    main.append(bar);
  }
  const summary = document.createElement('summary');
  summary.append(icon('clock'), t('Not sent yet: %(n)s', {n: all.length}));
  const list = document.createElement('ul');
  for (const one of all) {
    const item = document.createElement('li'), text = document.createElement('span'), name = document.createElement('b');
    text.className = 'grow';
    name.textContent = one.title;
    const at = new Intl.DateTimeFormat(document.documentElement.lang, {dateStyle: 'medium', timeStyle: 'short'}).format(one.at);
    text.append(name, document.createElement('br'), `${at} · ${one.why ?? STATES[one.state]()}`);
    item.append(text);
    const act = (label, run) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'btn';
      button.textContent = label;
      button.addEventListener('click', run);
      item.append(button);
    };
    if (one.state !== 'waiting' && /\/(new|edit)$/.test(one.url)) act(t('Open it'), () => open(one));
    act(t('Throw it away'), () => {
      if (!confirm(t('Throw away “%(title)s”?', {title: one.title}))) return;
      forget(one);
      write(read().filter(other => other.id !== one.id));
    });
    list.append(item);
  }
  const now = document.createElement('button');
  now.type = 'button';
  now.className = 'btn pri';
  now.textContent = t('Send now');
  now.addEventListener('click', flush);
  bar.replaceChildren(summary, list, ...(all.some(one => one.state === 'waiting') ? [now] : []));
}

// htmx says that a request came to nothing; which form it was, the submit told before.
let last = null;
document.addEventListener('submit', event => {
  if (event.target.matches('form[data-form], form[data-keep]')) last = {form: event.target, submitter: event.submitter};
}, true);
document.addEventListener('htmx:error', event => {
  if (!(event.detail.error instanceof TypeError) && navigator.onLine) return; // something else than the way there
  if (!last?.form.isConnected || !last.form.matches('form[data-form]') || last.submitter?.name === '_again') return;
  event.stopImmediatePropagation();
  keep(last.form, last.submitter);
}, true);

// A form that waits goes the same way when it is sent once more: what stands in it now, once.
document.addEventListener('submit', event => {
  const {target: form, submitter} = event;
  if (!form.dataset.unsent || submitter?.name === '_again' || !read().some(one => one.id === form.dataset.unsent && one.state === 'waiting')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  keep(form, submitter);
  flush();
}, true);

// Signing out leaves nothing of its writer behind on a device that others may use.
document.addEventListener('submit', event => {
  if (!event.target.action?.endsWith('/sign-out')) return;
  const all = main ? read() : [];
  if (all.length && !confirm(t('Changes that are not sent yet (%(n)s) will be removed from this device. Sign out anyway?', {n: all.length}))) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  for (const one of Object.keys(localStorage).filter(name => name.startsWith('dealwright.unsent:'))) localStorage.removeItem(one);
  waiting.clear();
}, true);

if (main) {
  show();
  flush();
  addEventListener('online', flush);
  document.addEventListener('visibilitychange', () => document.hidden || flush());
  setInterval(flush, EVERY);
}

// Checking in: where somebody is, if he lets the browser say so; without a position it is a visit all the same.
document.addEventListener('submit', event => {
  const form = event.target.closest('form[data-checkin]');
  if (!form || form.dataset.placed !== undefined) return;
  event.preventDefault();
  const submitter = event.submitter;
  const send = async () => {
    form.dataset.placed = '';
    form.elements.at.value = new Date().toISOString();
    if (navigator.onLine) form.requestSubmit(submitter);
    else keep(form, submitter);
  };
  if (!navigator.geolocation) return void send();
  submitter?.setAttribute('aria-busy', 'true');
  navigator.geolocation.getCurrentPosition(({coords}) => {
    form.elements.lat.value = coords.latitude.toFixed(6);
    form.elements.lon.value = coords.longitude.toFixed(6);
    send();
  }, send, {enableHighAccuracy: true, timeout: 8000, maximumAge: 60000});
});

// The shell is kept for a poor connection by a worker; pages and data never are.
if ('serviceWorker' in navigator && document.documentElement.dataset.worker) {
  addEventListener('load', () => navigator.serviceWorker.register(document.documentElement.dataset.worker, {scope: '/'}).catch(() => {}));
}
for (const one of $$('[data-online]')) one.hidden = navigator.onLine;

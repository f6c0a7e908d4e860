// Pages to read without a connection: kept on this device for who asked for it in the menu, as they were when he last saw
// them. The worker (worker.js) holds each page that it brings; this asks it to keep those that are worth it. They go at
// signing out, when somebody else signs in, and when the sign-in page is shown.
import {$, icon, t, toast} from './core.js';

const main = $('main[data-user]'), user = main?.dataset.user, NAME = 'dealwright-kept-';
const KEY = `dealwright.reading:${user}`;
const WORTH = /^\/(todo|approvals|records\/[^/]+(\/[0-9a-f-]{36})?)$/;
const on = () => localStorage.getItem(KEY) === '1';

async function forget(but = '') {
  for (const name of await caches.keys()) if (name.startsWith(NAME) && name !== but) await caches.delete(name);
}

async function keep() {
  const worker = (await navigator.serviceWorker.ready).active;
  if (on() && WORTH.test(location.pathname) && !document.documentElement.dataset.kept) worker.postMessage({keep: user, url: location.pathname});
}

function mark() {
  for (const one of document.querySelectorAll('[data-act=reading]')) one.setAttribute('aria-pressed', String(on()));
}

if ('caches' in window && 'serviceWorker' in navigator) {
  forget(user ? NAME + user : '').catch(() => {});
  if (user) keep().catch(() => {});
  mark();
  document.addEventListener('click', async event => {
    if (!event.target.closest('[data-act=reading]')) return;
    if (on()) {
      localStorage.removeItem(KEY);
      await forget();
      toast(t('No page is kept on this device any more.'));
    } else {
      localStorage.setItem(KEY, '1');
      await keep();
      toast(t('Lists and records that you look at can be read here without a connection, until you sign out.'));
    }
    mark();
  });
  document.addEventListener('submit', event => {
    if (!event.target.action?.endsWith('/sign-out') || event.defaultPrevented) return;
    localStorage.removeItem(KEY);
    forget().catch(() => {});
  });
}

// A page out of the worker's hands says so: it may have changed since.
const kept = Number(document.documentElement.dataset.kept);
if (kept && main) {
  const bar = document.createElement('div'), text = document.createElement('span'), again = document.createElement('a');
  bar.className = 'banner';
  bar.dataset.hue = 'amber';
  bar.setAttribute('role', 'status');
  const at = new Intl.DateTimeFormat(document.documentElement.lang, {dateStyle: 'medium', timeStyle: 'short'}).format(kept);
  text.className = 'grow';
  text.textContent = t('No connection. This page is as it was on %(at)s.', {at});
  again.href = location.href;
  again.textContent = t('Try again');
  bar.append(icon('circle-alert'), text, again);
  $('.top', main)?.after(bar);
  addEventListener('online', () => location.reload());
}

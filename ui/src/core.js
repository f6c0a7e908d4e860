// htmx, and what every page needs besides: the token of its posts, texts, toasts, the drawer, the theme, keys.
// All state is in the page: handlers hang on the document and find their element, so a swapped part needs no set-up.
import 'htmx.org/dist/htmx.js';

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const texts = JSON.parse($('#texts')?.textContent || '{}');

/** The text in the page's language; %(name)s is filled from `values`. English is the key, as in gettext. */
export const t = (text, values = {}) => (texts[text] ?? text).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? '');

/** Whether an element is still empty: a morph puts it in before what it holds. Then it is connected once more, a moment later. */
export function later(element) {
  if (element.firstElementChild) return false;
  setTimeout(() => element.firstElementChild && element.connectedCallback());
  return true;
}

export const csrf = () => $('meta[name=csrf-token]')?.content ?? '';

/** An icon of the sprite. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'i');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `${document.documentElement.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** Say something at the foot of the page; `act` ({text, run}) offers to take it back. */
export function toast(message, bad = false, act = null) {
  const box = $('.toasts');
  if (!box || !message) return;
  const one = document.createElement('div');
  one.className = bad ? 'toast bad' : 'toast';
  one.textContent = message;
  if (act) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = act.text;
    button.addEventListener('click', () => {
      one.remove();
      act.run();
    });
    one.append(button);
  }
  box.append(one);
  fade(one, bad || act ? 8000 : 4000);
}

/** Take a toast away after a while, but not from under somebody's pointer or focus. */
function fade(one, after) {
  setTimeout(() => (one.matches(':hover, :focus-within') ? fade(one, 2000) : one.remove()), after);
}
for (const one of $$('.toast[data-once]')) fade(one, 10000);

document.addEventListener('htmx:config:request', event => {
  const request = event.detail.ctx?.request ?? event.detail;
  request.headers['X-CSRF-Token'] = csrf();
});
document.addEventListener('htmx:error', () => toast(t('No connection. Nothing was lost; try again.'), true));
// The server names a toast in the header HX-Trigger; after a full page load it lies in the page.
document.addEventListener('dw:toast', event => toast(event.detail.message, event.detail.bad));

document.addEventListener('click', event => {
  const act = event.target.closest('[data-act]')?.dataset.act;
  const side = $('.side');
  if (act === 'drawer') side?.classList.toggle('open');
  else if (!event.target.closest('.side')) side?.classList.remove('open');
  if (act === 'print') print();
  if (act === 'fold') fold(event.target.closest('[data-group]'));
  if (act === 'theme') theme();
  if (act === 'density') choose('density', document.documentElement.dataset.density === 'compact' ? 'comfortable' : 'compact');
});

/** Fold a group of the navigation up or down; the server knows it from a cookie, so the next page comes so. */
function fold(button) {
  const shut = button.getAttribute('aria-expanded') === 'true';
  button.setAttribute('aria-expanded', String(!shut));
  document.getElementById(button.getAttribute('aria-controls')).hidden = shut;
  const folded = $$('[data-group][aria-expanded=false]').map(one => one.dataset.group);
  document.cookie = `folded=${folded.join('.')};path=/;max-age=31536000;samesite=lax`;
}

function theme() {
  const chosen = document.documentElement.dataset.theme;
  const dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  choose('theme', dark ? 'light' : 'dark');
}

/** Show the pages in another way from now on: the server reads the cookie for the next one. */
function choose(name, value) {
  document.documentElement.dataset[name] = value;
  document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax`;
}

// A question before what cannot be undone. An inline onclick would be blocked by the page's policy, and the form sent.
document.addEventListener('submit', event => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

if (/Mac|iP(hone|ad)/.test(navigator.platform)) {
  for (const one of $$('[data-keys]')) one.textContent = `⌘${one.dataset.keys}`;
}

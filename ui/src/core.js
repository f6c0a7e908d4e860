// htmx, and what every page needs besides: the token of its posts, texts, toasts, the drawer, the theme, keys.
// All state is in the page: handlers hang on the document and find their element, so a swapped part needs no set-up.
import 'htmx.org/dist/htmx.js';

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const texts = JSON.parse($('#texts')?.textContent || '{}');

/** The text in the page's language; %(name)s is filled from `values`. English is the key, as in gettext. */
export const t = (text, values = {}) => (texts[text] ?? text).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? '');

export function toast(message, bad = false) {
  const box = $('.toasts');
  if (!box || !message) return;
  const one = document.createElement('div');
  one.className = bad ? 'toast bad' : 'toast';
  one.textContent = message;
  box.append(one);
  setTimeout(() => one.remove(), bad ? 8000 : 4000);
}

document.addEventListener('htmx:config:request', event => {
  const request = event.detail.ctx?.request ?? event.detail;
  request.headers['X-CSRF-Token'] = $('meta[name=csrf-token]')?.content ?? '';
});
document.addEventListener('htmx:error', () => toast(t('No connection. Nothing was lost; try again.'), true));
// The server names a toast in the header HX-Trigger; after a full page load it lies in the page.
document.addEventListener('dw:toast', event => toast(event.detail.message, event.detail.bad));

document.addEventListener('click', event => {
  const act = event.target.closest('[data-act]')?.dataset.act;
  const side = $('.side');
  if (act === 'drawer') side?.classList.toggle('open');
  else if (!event.target.closest('.side')) side?.classList.remove('open');
  if (act === 'theme') theme();
});

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
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

document.addEventListener('keydown', event => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 's') {
    const form = $('form[data-form]');
    if (form) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.key === 'Escape') $('.side')?.classList.remove('open');
  if (event.target.closest('input, textarea, select, [contenteditable]')) return;
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.key === 'j' || event.key === 'k') {
    // The focus itself walks from name to name, so Enter opens the record and nothing else need be remembered.
    const names = $$('#rows a.ttl');
    const at = names.indexOf($('a.ttl', document.activeElement.closest('#rows tr') ?? document.head));
    names[event.key === 'j' ? at + 1 : Math.max(at - 1, 0)]?.focus();
    return;
  }
  const target = $(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches('input')) target.focus();
  else target.click();
});

// Nothing typed is lost: what stands in a form is kept in this browser until it is saved, also when the session runs out,
// the window closes or the machine stops. Passwords are not kept; of files those that wait for a connection (waiting.js). Signing out removes all of it.
import {$, t} from './core.js';
import {PREFIX as LOCAL} from './waiting.js';

const DAYS = 14, PREFIX = 'dealwright.draft:';
const form = $('form[data-drafts]');
const key = form && PREFIX + form.dataset.drafts;
let timer;

const entries = () => [...new FormData(form)].filter(([name, value]) => typeof value === 'string'
  && !['csrf_token', 'version', '_again'].includes(name) && form.querySelector(`[name="${CSS.escape(name)}"]`)?.type !== 'password');

function keep() {
  try {
    localStorage.setItem(key, JSON.stringify({at: Date.now(), version: $('[name=version]', form)?.value ?? '', entries: entries()}));
  } catch { /* the browser has no room: the form works all the same */ }
}

/** Ask the server to draw the form with what was kept: it knows how many rows there are. */
function restore(draft) {
  const sent = document.createElement('form');
  sent.method = 'post';
  sent.action = form.action;
  const all = [...draft.entries.filter(([, value]) => !value.startsWith(LOCAL)), ['csrf_token', $('[name=csrf_token]', form).value], ['version', draft.version], ['_again', '1']];
  for (const [name, value] of all) {
    const input = document.createElement('input');
    input.type = 'hidden';
    input.name = name;
    input.value = value;
    sent.append(input);
  }
  document.body.append(sent);
  sent.submit();
}

function offer(draft) {
  const bar = document.createElement('div');
  bar.className = 'banner kept';
  bar.dataset.hue = 'blue';
  bar.setAttribute('role', 'status');
  const at = new Intl.DateTimeFormat(document.documentElement.lang, {dateStyle: 'medium', timeStyle: 'short'}).format(draft.at);
  const text = document.createElement('span');
  text.className = 'grow';
  text.textContent = t('What you typed on %(at)s was not saved. It is kept in this browser.', {at});
  const again = document.createElement('button'), away = document.createElement('button');
  again.type = away.type = 'button';
  again.textContent = t('Go on with it');
  away.textContent = t('Throw it away');
  again.addEventListener('click', () => restore(draft));
  away.addEventListener('click', () => {
    localStorage.removeItem(key);
    bar.remove();
  });
  bar.append(text, again, away);
  form.before(bar);
}

for (const one of Object.keys(localStorage).filter(name => name.startsWith(PREFIX))) {
  const draft = JSON.parse(localStorage.getItem(one) ?? 'null');
  if (!draft || draft.at < Date.now() - DAYS * 86400000) localStorage.removeItem(one);
}
if (form) {
  const draft = JSON.parse(localStorage.getItem(key) ?? 'null');
  // A form that the server drew again holds what was typed already.
  if (draft && !$('[data-dirty]:not([hidden])', form) && form.dataset.again === undefined) offer(draft);
  for (const kind of ['input', 'change']) {
    form.addEventListener(kind, event => {
      if (event.target.name === '_tab') return; // looking is not typing
      clearTimeout(timer);
      timer = setTimeout(keep, 400);
    });
  }
  document.addEventListener('visibilitychange', () => document.hidden && timer && keep());
}

// Saved: the page after it says so, and its draft is gone.
document.addEventListener('submit', event => {
  if (event.target === form && event.submitter?.name !== '_again') {
    clearTimeout(timer);
    keep();
    sessionStorage.setItem('dealwright.sent', key);
  }
  if (event.target.action?.endsWith('/sign-out')) {
    for (const one of Object.keys(localStorage).filter(name => name.startsWith(PREFIX))) localStorage.removeItem(one);
  }
});
const sent = sessionStorage.getItem('dealwright.sent');
if (sent && /[?&]notice=(saved|created|unchanged)/.test(location.search)) {
  localStorage.removeItem(sent);
  sessionStorage.removeItem('dealwright.sent');
}

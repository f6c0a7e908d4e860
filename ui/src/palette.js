// The command palette (Ctrl or Cmd and K): records, pages and things to make from the server, and what can be done on
// this very page: every element with `data-command`.
import {$, $$, icon, t} from './core.js';

const dialog = $('#palette');
const input = dialog && $('input', dialog);
const list = dialog && $('#palette-list');
let items = [], at = 0, asked = 0, timer;

function open() {
  if (!dialog || dialog.open) return;
  input.value = '';
  items = [];
  draw();
  dialog.showModal();
  load();
}

/** What can be done on the page as it is now. */
function commands(text) {
  return $$('[data-command]')
    .filter(one => !one.disabled && !one.closest('[hidden]'))
    .map(one => ({group: t('Actions'), title: (one.dataset.command || one.getAttribute('aria-label') || one.textContent).trim(), icon: 'corner-down-left', run: one}))
    .filter(one => one.title.toLowerCase().includes(text));
}

async function load() {
  const mine = ++asked;
  const text = input.value.trim();
  const url = new URL(dialog.dataset.url, location);
  url.searchParams.set('q', text);
  const answer = await fetch(url, {headers: {Accept: 'application/json'}}).catch(() => null);
  if (mine !== asked) return;
  const found = answer?.ok ? (await answer.json()).items : [];
  items = [...commands(text.toLowerCase()), ...found];
  // What somebody types a name for is first; with nothing typed, what can be done here.
  if (text) {
    const best = new Map();
    for (const one of items) best.set(one.group, Math.max(best.get(one.group) ?? 0, starts(one, text)));
    const order = [...best.keys()];
    items.sort((a, b) => best.get(b.group) - best.get(a.group) || order.indexOf(a.group) - order.indexOf(b.group) || starts(b, text) - starts(a, text));
  }
  at = 0;
  draw();
}
const starts = (item, text) => (item.title.toLowerCase().startsWith(text.toLowerCase()) ? 1 : 0);

function draw() {
  list.textContent = '';
  let group = '';
  items.forEach((item, i) => {
    if (item.group !== group) {
      const head = document.createElement('div');
      head.className = 'group';
      head.setAttribute('role', 'presentation');
      head.textContent = group = item.group;
      list.append(head);
    }
    const option = document.createElement('div');
    option.id = `palette-${i}`;
    option.setAttribute('role', 'option');
    option.setAttribute('aria-selected', i === at);
    option.append(icon(item.icon));
    const title = document.createElement('span');
    title.className = 'grow cut';
    title.textContent = item.title;
    option.append(title);
    if (item.hint) {
      const hint = document.createElement('span');
      hint.className = 'mut sm';
      hint.textContent = item.hint;
      option.append(hint);
    }
    option.addEventListener('click', () => go(item));
    list.append(option);
  });
  if (!items.length && input.value.trim()) {
    const none = document.createElement('div');
    none.className = 'none mut';
    none.textContent = t('No matches');
    list.append(none);
  }
  mark();
}

function mark() {
  $$('[role=option]', list).forEach((one, i) => one.setAttribute('aria-selected', i === at));
  const now = $(`#palette-${at}`);
  if (now) input.setAttribute('aria-activedescendant', now.id);
  else input.removeAttribute('aria-activedescendant');
  now?.scrollIntoView({block: 'nearest'});
}

function go(item) {
  dialog.close();
  if (item.run) item.run.click();
  else location.assign(item.url);
}

if (dialog) {
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(load, 120);
  });
  dialog.addEventListener('keydown', event => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step && items.length) {
      at = (at + step + items.length) % items.length;
      mark();
    } else if (event.key === 'Enter' && !event.isComposing) { // the Enter that ends typing Chinese is not ours
      if (items[at]) go(items[at]);
      else if (input.value.trim()) location.assign(`${dialog.dataset.search}?q=${encodeURIComponent(input.value.trim())}`);
    } else return;
    event.preventDefault();
  });
  document.addEventListener('keydown', event => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener('click', event => {
    if (!event.target.closest('[data-act=palette]')) return;
    event.preventDefault();
    open();
  });
}

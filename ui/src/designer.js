// What designers need besides forms: rows that are added, moved and removed, names offered while a condition is typed, and
// saying that all is saved. Every change goes to the server by htmx, which answers with what is wrong now.
import {$, $$, icon, t} from './core.js';

const saved = text => {
  const box = $('#saved');
  if (box) box.lastElementChild.textContent = text;
};
const changed = one => one.dispatchEvent(new Event('change', {bubbles: true}));

document.addEventListener('click', event => {
  const more = event.target.closest('[data-more]');
  if (more) {
    const box = more.closest('.field');
    const row = $('template', box).content.firstElementChild.cloneNode(true);
    const token = `r${Date.now().toString(36)}`;
    for (const one of [row, ...$$('*', row)]) {
      for (const name of ['value', 'name', 'id', 'for', 'data-for']) if (one.getAttribute(name)?.includes('__row__')) one.setAttribute(name, one.getAttribute(name).replace('__row__', token));
    }
    $('[data-rows]', box).append(row);
    $('input:not([type=hidden]), select', row)?.focus();
    return;
  }
  const row = event.target.closest('[data-row-of]');
  const rows = row?.parentElement;
  if (!row) return;
  if (event.target.closest('[data-gone]')) {
    row.remove();
    changed(rows);
  } else if (event.target.closest('[data-up]') && row.previousElementSibling) {
    row.previousElementSibling.before(row);
    changed(rows);
    $('[data-up]', row).focus();
  } else if (event.target.closest('[data-down]') && row.nextElementSibling) {
    row.nextElementSibling.after(row);
    changed(rows);
    $('[data-down]', row).focus();
  }
});

// A condition is asked for only where people are found by one.
document.addEventListener('change', event => {
  if (!event.target.matches('[data-who]')) return;
  const where = $('[data-where]', event.target.parentElement);
  where.hidden = event.target.value !== 'where:';
});

// How many must approve is a number only where the words say so.
document.addEventListener('change', event => {
  if (!event.target.matches('[data-need]')) return;
  event.target.nextElementSibling.hidden = !['count', 'percent'].includes(event.target.value);
});

// Where inputs follow from a choice, the page is drawn anew with those of the one that was chosen.
document.addEventListener('change', event => {
  if (event.target.matches('[data-redraw]')) event.target.form.requestSubmit();
});

let open = null; // the form with something that the server has not heard of yet
let typed = 0; // how often something was typed: what is told as saved is all of it
let busy = null; // the form that is being saved
let leave = null; // {own, go}: what follows from a button that was pressed meanwhile, of the same form or another
const design = event => event.target.matches?.('.design-form');
for (const kind of ['input', 'change']) {
  document.addEventListener(kind, event => {
    const form = event.target.closest('.design-form');
    if (!form) return;
    open = form;
    typed += 1;
    saved(t('Saving…'));
  }, true); // before the form itself sends it
}
// One after the other: the server may come to two requests in any order. What was typed before a button was pressed must not
// arrive after it, without the step that the button has added; nor may a plan be made without what was typed last.
document.addEventListener('htmx:config:request', event => { if (design(event)) event.detail.ctx.turn = typed; });
document.addEventListener('htmx:before:request', event => {
  if (!design(event)) return;
  if (leave?.own) event.preventDefault();
  else busy = event.target;
});
document.addEventListener('htmx:after:swap', event => {
  if (!design(event) || !$('#verdict')) return;
  const refused = $('#verdict [role=alert]');
  if (refused) leave = leave?.own ? leave : null;
  if (refused || event.detail.ctx.turn === typed) {
    if (!refused) open = null;
    saved(refused ? t('Not saved') : t('Saved'));
  }
  marked();
});
document.addEventListener('htmx:finally:request', event => {
  if (!design(event) || event.target !== busy) return;
  busy = null;
  if (leave?.own || !open) leave?.go();
  else if (event.detail.ctx.turn === typed) leave = null; // it could not be saved, which the page says
});
document.addEventListener('htmx:after:request', event => {
  const answer = event.detail?.ctx?.response ?? event.detail?.response;
  if (answer && answer.status >= 400) saved(t('Not saved'));
});
document.addEventListener('submit', event => {
  if (event.defaultPrevented) return; // a question that leaves the page where it is
  const form = event.target;
  const own = form.matches('.design-form');
  if (own) open = null; // it brings all that was typed
  const again = () => form.requestSubmit(event.submitter);
  if (own ? busy === form : open || busy) {
    event.preventDefault();
    leave = {own, go: again};
    if (!own && open && !busy) changed(open);
  } else if (own) leave = {own, go: () => {}};
});
addEventListener('pageshow', () => { leave = null; });
// Whoever leaves the page while he types loses nothing.
addEventListener('pagehide', () => {
  if (!open) return;
  const body = new URLSearchParams(new FormData(open));
  fetch(open.getAttribute('hx-post'), {method: 'POST', body, keepalive: true, headers: {'HX-Request': 'true', 'HX-Request-Type': 'partial'}});
});

/** Say at each input what is wrong with it, as the list beside the form says. */
function marked() {
  for (const one of $$('[data-at] > .err')) one.remove();
  for (const one of $$('[data-at].bad')) one.classList.remove('bad');
  for (const one of $$('#verdict [data-about]')) {
    const box = $$('[data-at]').find(each => one.dataset.about === each.dataset.at || one.dataset.about.startsWith(`${each.dataset.at}/`));
    if (!box) continue;
    const line = document.createElement('span');
    line.className = 'err';
    line.append(icon('circle-alert'), $('[data-said]', one).textContent);
    box.classList.add('bad');
    box.append(line);
  }
}

/** <dw-names>: offers names of fields and parameters while somebody types a condition into the textarea within. */
class Names extends HTMLElement {
  connectedCallback() {
    this.input = $('textarea', this);
    this.at = 0;
    this.input.addEventListener('input', () => this.offer());
    this.input.addEventListener('keydown', event => this.key(event));
    this.input.addEventListener('blur', () => setTimeout(() => this.close(), 150));
  }

  word() {
    if (this.hasAttribute('braces')) return this.input.value.slice(0, this.input.selectionStart).match(/(?<!\{)\{([\p{L}_][\p{L}\p{N}_.]*)$/u)?.[1] ?? '';
    return this.input.value.slice(0, this.input.selectionStart).match(/[\p{L}_][\p{L}\p{N}_.]*$/u)?.[0] ?? '';
  }

  offer() {
    if (document.activeElement !== this.input) return this.close(); // written by the rows beside it
    const word = this.word().toLowerCase();
    const names = JSON.parse($('#names')?.textContent || '[]');
    const near = one => (one.name.toLowerCase().startsWith(word) ? 0 : one.title.toLowerCase().startsWith(word) ? 1 : 2);
    this.found = word.length < 1 ? [] : names
      .filter(one => one.name.toLowerCase().includes(word) || one.title.toLowerCase().includes(word))
      .sort((a, b) => near(a) - near(b) || a.name.length - b.name.length).slice(0, 8);
    if (this.found.length === 1 && this.found[0].name.toLowerCase() === word) this.found = [];
    this.at = 0;
    this.draw();
  }

  draw() {
    if (!this.list?.isConnected) {
      this.list = document.createElement('div');
      this.list.className = 'list';
      this.list.id = `${this.input.id}-names`;
      this.list.setAttribute('role', 'listbox');
      this.list.setAttribute('aria-label', t('Names'));
      this.append(this.list);
    }
    this.list.hidden = !this.found.length;
    this.input.setAttribute('aria-expanded', !this.list.hidden);
    this.list.replaceChildren(...this.found.map((one, i) => {
      const option = document.createElement('div');
      option.setAttribute('role', 'option');
      option.setAttribute('aria-selected', i === this.at);
      const name = document.createElement('code');
      name.textContent = one.name;
      const title = document.createElement('small');
      title.textContent = `${one.title} · ${one.type}`;
      option.append(name, title);
      option.addEventListener('mousedown', event => {
        event.preventDefault();
        this.pick(one);
      });
      return option;
    }));
  }

  key(event) {
    if (!this.list || this.list.hidden) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      this.at = (this.at + (event.key === 'ArrowDown' ? 1 : -1) + this.found.length) % this.found.length;
      this.draw();
    } else if (event.key === 'Enter' || event.key === 'Tab') this.pick(this.found[this.at]);
    else if (event.key === 'Escape') this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  pick(one) {
    const end = this.input.selectionStart;
    this.input.setRangeText(one.name, end - this.word().length, end, 'end');
    this.close();
    this.input.dispatchEvent(new Event('input', {bubbles: true}));
    this.close();
    this.input.focus();
  }

  close() {
    if (this.list) this.list.hidden = true;
    this.input.removeAttribute('aria-expanded');
  }
}
customElements.define('dw-names', Names);

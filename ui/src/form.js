// A generated form while somebody types: computed fields, what is hidden, what is required, which options are offered.
// The server asks all of it again when the form is sent; here it is asked by the very same condition trees.
import {$, $$} from './core.js';
import {run} from './expr.js';
import {instant, read, shown} from './inputs.js';

const ROUNDS = 50; // formulas and hidden fields settle in a few; a circle is refused by the server

/** Work out everything that follows from what stands in the form, and show it. */
export function settle(form) {
  const live = JSON.parse($('script[data-live]', form).textContent);
  const env = {...live.env, ...read(form, live.zone), ...instant(live.zone)};
  const hidden = new Set();
  for (let round = 0; round < ROUNDS; round++) {
    const before = JSON.stringify([env, [...hidden]], flat);
    rows(live, env);
    for (const [name, one] of Object.entries(live.fields)) {
      if (one.formula) env[name] = run(one.formula, env);
      if (one.visible && !hidden.has(name) && run(one.visible, env) !== true) hidden.add(name);
      if (hidden.has(name)) env[name] = null;
    }
    if (JSON.stringify([env, [...hidden]], flat) === before) break;
  }
  for (const [name, one] of Object.entries(live.fields)) {
    const box = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (box) draw(box, one, env, env[name], hidden.has(name), live.currency);
  }
  for (const [name, columns] of Object.entries(live.rows)) {
    const lines = $$(`[data-lines="${CSS.escape(name)}"] tbody [data-line]`, form);
    lines.forEach((line, i) => {
      const scope = inside(env[name]?.[i] ?? {}, env);
      for (const [column, one] of Object.entries(columns)) {
        const cell = line.querySelector(`[data-field="${CSS.escape(column)}"]`);
        if (cell) draw(cell, one, scope, scope[column], Boolean(one.visible) && run(one.visible, scope) !== true, live.currency);
      }
    });
  }
  for (const [name, columns] of Object.entries(live.sums)) {
    const box = $(`[data-lines="${CSS.escape(name)}"] tfoot`, form);
    for (const [column, one] of box ? Object.entries(columns) : []) {
      const cell = $(`[data-sum="${CSS.escape(column)}"]`, box);
      if (cell) tell(cell, run(one.formula, env), one.result, live.currency);
    }
  }
  for (const section of $$('.sec', form)) {
    const when = live.sections[section.dataset.section];
    const off = when ? run(when, env) !== true : section.dataset.off !== undefined;
    // What is wrong must be seen, wherever it stands.
    section.hidden = (off && !$('.field.bad', section)) || !$$('[data-field]', section).some(box => !box.hidden);
  }
  const names = $$('.tabset label', form);
  $$('.pane', form).forEach((panel, i) => { names[i].hidden = !$$('.sec', panel).some(section => !section.hidden); });
}

const flat = (_, value) => (typeof value === 'bigint' ? `${value}n` : value);
const inside = (row, env) => {
  const scope = {...row};
  for (const [name, value] of Object.entries(env)) scope[name.startsWith('user.') || name.endsWith('()') ? name : `parent.${name}`] = value;
  return scope;
};

/** Work out the formulas inside rows: sums of the record read them. */
function rows(live, env) {
  for (const [name, columns] of Object.entries(live.rows)) {
    env[name] = (env[name] ?? []).map(row => {
      const full = {...row};
      for (const [column, one] of Object.entries(columns)) {
        if (one.formula) full[column] = run(one.formula, inside(full, env));
      }
      return full;
    });
  }
}

function draw(box, one, env, value, hidden, currency) {
  box.hidden = hidden && box.tagName !== 'TD';
  for (const input of $$('input, select, textarea, button', box)) if (!input.closest('template')) input.disabled = hidden;
  const required = box.dataset.always === 'true' || (Boolean(one.required) && run(one.required, env) === true);
  if (one.required) {
    $('[data-label]', box)?.classList.toggle('req', required && !hidden);
    for (const input of $$('.inp:is(input, select, textarea)', box)) input.setAttribute('aria-required', required && !hidden);
  }
  if (one.formula) {
    const output = $('[data-output]', box);
    if (output) tell(output, value, one.result, currency);
  }
  for (const [option, offered] of Object.entries(one.options ?? {})) {
    const choice = $$('option, input', box).find(input => input.value === option);
    if (choice) (choice.closest('label') ?? choice).hidden = !(choice.selected || choice.checked) && run(offered, env) !== true;
  }
}

/** Show a formula's value as the server draws it; what has not changed is left alone. */
function tell(output, value, type, currency) {
  const text = shown(value, type, currency);
  if (output.textContent.trim() === text) return;
  output.textContent = text;
  if (type !== 'boolean' || text === '–') return;
  const pill = document.createElement('span');
  pill.className = 'pill dot';
  pill.dataset.hue = value ? 'green' : 'gray';
  pill.textContent = text;
  output.replaceChildren(pill);
}

export const init = (root = document) => $$('form[data-form]', root).forEach(settle);

let dirty = false;
for (const kind of ['input', 'change']) {
  document.addEventListener(kind, event => {
    const form = event.target.closest('form[data-form]');
    if (!form || event.target.name === '_tab') return;
    dirty = true;
    $('[data-dirty]', form).hidden = false;
    complaintGone(event.target);
    settle(form);
    if (kind === 'change') reload(form, event.target);
  });
}

/** A reference whose fields a condition reads was chosen: the server knows them, so it draws the form again. */
function reload(form, input) {
  const live = JSON.parse($('script[data-live]', form).textContent);
  if (live.reload.includes(input.name)) form.requestSubmit($('[data-again]', form));
}

function complaintGone(input) {
  const box = input.closest('.field');
  if (!box?.classList.contains('bad') || input.closest('[data-lines]')) return;
  box.classList.remove('bad');
  $$('.err:not([data-refused])', box).forEach(one => one.remove());
  input.removeAttribute('aria-invalid');
}

document.addEventListener('click', event => {
  const form = event.target.closest('form[data-form]');
  if (!form) return;
  const add = event.target.closest('[data-add-line]');
  const remove = event.target.closest('[data-remove-line], [data-remove]');
  if (add) {
    event.preventDefault(); // without this script the button asks the server for one more line
    const box = add.closest('[data-lines]');
    const token = `n${Date.now().toString(36)}${$$('[data-line]', box).length}`;
    const line = $('template', box).content.firstElementChild.cloneNode(true);
    for (const one of $$('[name], [id]', line)) {
      if (one.name) one.name = one.name.replace('__line__', token);
      if (one.id) one.id = one.id.replace('__line__', token);
    }
    $('tbody', box).append(line);
    $('input:not([type=hidden]), select, textarea', line)?.focus();
  }
  if (remove) remove.closest('[data-line], li').remove();
  if (add || remove) form.dispatchEvent(new Event('change', {bubbles: true}));
});

document.addEventListener('submit', event => { if (event.target.matches('[data-form]')) dirty = false; });
window.addEventListener('beforeunload', event => { if (dirty) event.preventDefault(); });

// A link to an input opens the tab, or the fold, in which it stands.
function reach() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const panel = target && target.closest('.pane');
  if (panel) $$('input', panel.parentElement.previousElementSibling)[[...panel.parentElement.children].indexOf(panel)].checked = true;
  const fold = target && target.closest('details');
  if (fold) fold.open = true;
  if (panel || fold) target.focus();
}
addEventListener('hashchange', reach);
reach();

// After a swap the form is the server's again: work it out anew, and go to the first place that needs attention.
document.addEventListener('htmx:after:swap', () => {
  init();
  const bad = $$('.field.bad :is(input:not([type=hidden]), select, textarea)').find(one => one.checkVisibility());
  bad?.focus();
});
init();
document.addEventListener('dw:drawn', event => init(event.detail)); // a form in a dialog

/** <dw-references>: several records; choosing one adds a chip with its own hidden input. */
class References extends HTMLElement {
  connectedCallback() {
    if (this.ready) return;
    this.ready = true;
    this.addEventListener('change', event => {
      const pick = event.target.closest('[data-pick]');
      if (!pick?.value) return;
      const list = $('ul', this);
      const title = $('input[role=combobox]', this);
      if (!$$('input', list).some(one => one.value === pick.value)) {
        const chip = $('template', this).content.firstElementChild.cloneNode(true);
        chip.prepend(title.value);
        $('input', chip).value = pick.value;
        list.append(chip);
      }
      pick.value = '';
      title.value = '';
    });
  }
}
customElements.define('dw-references', References);

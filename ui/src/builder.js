// <dw-conditions data-url="…">: a filter by choosing. It reads and writes the text of the condition beside it
// (textarea[name=filter]); the server says which fields there are, and reads a text into rows (web/builder.py).
import {$, icon, t} from './core.js';
import './combobox.js';

const OPS = {
  text: ['contains', '==', '!=', 'empty', 'filled'],
  number: ['==', '!=', '>', '>=', '<', '<=', 'empty', 'filled'],
  boolean: ['=='],
  date: ['==', '<', '>', 'since', 'until', 'empty', 'filled'],
  datetime: ['<', '>', 'since', 'until', 'empty', 'filled'],
  choice: ['any', 'none', 'empty', 'filled'],
  choices: ['has', 'hasnt', 'empty', 'filled'],
  record: ['==', '!=', 'me', 'empty', 'filled'],
};
const BARE = new Set(['empty', 'filled', 'me']);
const words = () => ({
  contains: t('contains'), '==': t('is'), '!=': t('is not'), '>': t('is more than'), '>=': t('is at least'), '<': t('is less than'), '<=': t('is at most'),
  any: t('is any of'), none: t('is none of'), has: t('includes'), hasnt: t('does not include'), empty: t('is empty'), filled: t('is filled'), me: t('is me'),
  since: t('since days ago'), until: t('until days ahead'), before: t('is before'), after: t('is after'),
});
const quoted = text => JSON.stringify(String(text));

/** A row as text; empty while something is missing. */
function written(part, fields) {
  if (part.join) return joined(part, fields, true);
  const field = fields.get(part.field), {op, value} = part;
  if (!field) return '';
  if (op === 'empty') return `${part.field} == null`;
  if (op === 'filled') return `${part.field} != null`;
  if (op === 'me') return `${part.field} == user.id`;
  if (value === undefined || value === '' || (Array.isArray(value) && !value.length)) return '';
  const now = field.kind === 'date' ? 'today()' : 'now()';
  if (op === 'since') return `${part.field} >= ${now} - days(${Number.parseInt(value, 10) || 0})`;
  if (op === 'until') return `${part.field} <= ${now} + days(${Number.parseInt(value, 10) || 0})`;
  if (op === 'contains') return `lower(${part.field}).contains(${quoted(value.toLowerCase())})`;
  if (op === 'any' || op === 'none') {
    const list = `${part.field} in [${[value].flat().map(quoted).join(', ')}]`;
    return op === 'any' ? list : `!(${list})`;
  }
  if (op === 'has') return `${quoted(value)} in ${part.field}`;
  if (op === 'hasnt') return `!(${quoted(value)} in ${part.field})`;
  if (field.kind === 'number') {
    const plain = value.normalize('NFKC').replaceAll(',', '').trim();
    return /^-?\d+(\.\d+)?$/.test(plain) ? `${part.field} ${op} ${plain}` : '';
  }
  if (field.kind === 'boolean') return `${part.field} ${op} ${value}`;
  if (field.kind === 'date') return `${part.field} ${op} date(${quoted(value)})`;
  if (field.kind === 'datetime') return `${part.field} ${op} datetime(${quoted(value.includes('Z') ? value : new Date(value).toISOString())})`;
  return `${part.field} ${op} ${quoted(value)}`;
}
function joined(tree, fields, inner = false) {
  const parts = tree.parts.map(one => written(one, fields)).filter(Boolean);
  const text = parts.join(` ${tree.join} `);
  return inner && parts.length > 1 ? `(${text})` : text;
}

class Conditions extends HTMLElement {
  connectedCallback() {
    if (this.ready) return;
    this.ready = true;
    this.text = $('textarea[name=filter]', this.parentElement);
    this.closest('[popover]')?.addEventListener('toggle', event => event.newState === 'open' && this.load());
    this.text.addEventListener('change', () => this.load());
    this.addEventListener('change', event => event.stopPropagation());
  }

  async load() {
    const url = new URL(this.dataset.url, location);
    url.searchParams.set('source', this.text.value);
    const answer = await fetch(url, {headers: {Accept: 'application/json'}}).catch(() => null);
    if (!answer?.ok) return;
    const {fields, tree} = await answer.json();
    this.fields = new Map(fields.map(one => [one.id, one]));
    this.tree = tree;
    const details = $('details', this.parentElement);
    if (!tree && details) details.open = true; // it says more than rows can
    if (tree && !tree.parts.length) this.add(tree);
    this.draw();
  }

  add(tree) {
    const [first] = this.fields.values();
    if (first) tree.parts.push({field: first.id, op: OPS[first.kind][0]});
  }

  write() {
    this.text.value = joined(this.tree, this.fields);
  }

  draw() {
    this.textContent = '';
    if (!this.tree) {
      const note = document.createElement('p');
      note.className = 'help';
      note.textContent = t('This filter says more than rows can; change it as text.');
      this.append(note);
      return;
    }
    this.append(this.group(this.tree));
  }

  group(tree, parent = null) {
    const box = document.createElement('div');
    box.className = parent ? 'rule-group inner' : 'rule-group';
    tree.parts.forEach((part, i) => {
      const row = document.createElement('div');
      row.className = 'rule';
      if (i === 0) row.append(said(t('Where')));
      else if (i === 1) row.append(this.choice([['&&', t('and')], ['||', t('or')]], tree.join, value => { tree.join = value; this.draw(); }, t('All or any')));
      else row.append(said(tree.join === '&&' ? t('and') : t('or')));
      if (part.join) row.append(this.group(part, tree));
      else this.row(row, part);
      row.append(this.button('x', t('Remove'), () => { tree.parts.splice(i, 1); this.draw(); }));
      box.append(row);
    });
    const foot = document.createElement('div');
    foot.className = 'row tight';
    foot.append(this.button('plus', t('Condition'), () => { this.add(tree); this.draw(); }, true));
    if (!parent) foot.append(this.button('plus', t('Group'), () => { const one = {join: '||', parts: []}; this.add(one); tree.parts.push(one); this.draw(); }, true));
    box.append(foot);
    this.write();
    return box;
  }

  row(row, part) {
    const field = this.fields.get(part.field);
    row.append(this.choice([...this.fields.values()].map(one => [one.id, one.title]), part.field, value => {
      const next = this.fields.get(value);
      part.field = value;
      if (!OPS[next.kind].includes(part.op)) part.op = OPS[next.kind][0];
      delete part.value;
      delete part.title;
      this.draw();
    }, t('Field')));
    const names = words(), times = field.kind === 'date' || field.kind === 'datetime';
    const offered = OPS[field.kind].filter(op => op !== 'me' || field.person);
    if (!offered.includes(part.op)) { // a text may say it in another way than rows do
      if (part.op === '==' && field.kind === 'choice') Object.assign(part, {op: 'any', value: [part.value]});
      else if (part.op === '!=' && field.kind === 'choice') Object.assign(part, {op: 'none', value: [part.value]});
      else offered.push(part.op);
    }
    row.append(this.choice(offered.map(op => [op, times && op === '<' ? names.before : times && op === '>' ? names.after : names[op]]), part.op, value => {
      if (BARE.has(value)) delete part.value;
      part.op = value;
      this.draw();
    }, t('Comparison')));
    if (!BARE.has(part.op)) row.append(this.value(part, field));
  }

  value(part, field) {
    const put = value => { part.value = value; this.write(); };
    if (field.kind === 'boolean') {
      part.value ??= 'true';
      return this.choice([['true', t('yes')], ['false', t('no')]], part.value, put, t('Value'));
    }
    if (field.kind === 'choices') return this.choice([['', ''], ...field.options], part.value ?? '', put, t('Value'));
    if (field.kind === 'choice') {
      const box = document.createElement('span');
      box.className = 'chips';
      for (const [id, title] of field.options) {
        const chip = document.createElement('label'), tick = document.createElement('input');
        chip.className = 'chip';
        tick.type = 'checkbox';
        tick.checked = (part.value ?? []).includes(id);
        tick.addEventListener('change', () => put(field.options.map(one => one[0]).filter(one => (one === id ? tick.checked : (part.value ?? []).includes(one)))));
        chip.append(tick, title);
        box.append(chip);
      }
      return box;
    }
    if (field.kind === 'record') return this.record(part, field, put);
    const input = document.createElement('input');
    input.className = 'inp';
    const counted = part.op === 'since' || part.op === 'until';
    input.type = counted ? 'number' : field.kind === 'date' ? 'date' : field.kind === 'datetime' ? 'datetime-local' : 'text';
    if (field.kind === 'number') input.inputMode = 'decimal';
    if (counted) input.min = 0;
    input.value = input.type === 'datetime-local' && part.value ? local(part.value) : part.value ?? '';
    input.setAttribute('aria-label', t('Value'));
    input.addEventListener('input', () => put(input.value));
    return input;
  }

  record(part, field, put) {
    const combo = document.createElement('dw-combobox');
    combo.className = 'combo';
    combo.setAttribute('src', field.lookup);
    const input = document.createElement('input'), hidden = document.createElement('input');
    input.className = 'inp';
    input.id = `rule-${Math.random().toString(36).slice(2)}`;
    for (const [name, value] of [['role', 'combobox'], ['aria-expanded', 'false'], ['aria-autocomplete', 'list'], ['aria-label', t('Value')], ['autocomplete', 'off']]) input.setAttribute(name, value);
    input.value = part.title ?? part.value ?? '';
    hidden.type = 'hidden';
    hidden.value = part.value ?? '';
    hidden.addEventListener('change', () => { part.title = input.value; put(hidden.value); });
    combo.append(input, hidden);
    return combo;
  }

  choice(options, value, chosen, label) {
    const select = document.createElement('select');
    select.className = 'inp';
    select.setAttribute('aria-label', label);
    for (const [id, title] of options) select.add(new Option(title, id, false, id === value));
    select.addEventListener('change', () => chosen(select.value));
    return select;
  }

  button(name, label, act, shown = false) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = shown ? 'btn ghost' : 'btn ghost ico';
    button.dataset.stay = '';
    button.append(icon(name));
    if (shown) button.append(label);
    else button.setAttribute('aria-label', label);
    button.addEventListener('click', act);
    return button;
  }
}
const said = text => {
  const one = document.createElement('span');
  one.className = 'mut sm say';
  one.textContent = text;
  return one;
};
const local = text => {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? '' : new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};
customElements.define('dw-conditions', Conditions);

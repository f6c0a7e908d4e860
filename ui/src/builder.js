// <dw-conditions data-url="…" data-for="…">: a condition by choosing. It stands beside the textarea that holds the text (`data-for`
// is its id; without it the one named filter). The server reads the text into rows and writes rows as text
// (conditions/rows.py), and says which names there are: nothing here knows the language. What rows cannot say is a row of text.
import {$, icon, t} from './core.js';
import './combobox.js';

const BARE = new Set(['empty', 'filled', 'true', 'false', 'changed']);
const DAYS = new Set(['since', 'older', 'until', 'later']);
const TYPED = new Set(['number', 'date', 'datetime', 'time', 'duration', 'text']);
const words = () => ({
  contains: t('contains'), lacks: t('does not contain'), starts: t('begins with'), ends: t('ends with'), '==': t('is'), '!=': t('is not'),
  '>': t('is more than'), '>=': t('is at least'), '<': t('is less than'), '<=': t('is at most'), any: t('is any of'), none: t('is none of'),
  has: t('includes'), hasnt: t('does not include'), empty: t('is empty'), filled: t('is filled'), true: t('is yes'), false: t('is no'),
  since: t('since days ago'), older: t('more days ago than'), until: t('until days ahead'), later: t('more days ahead than'),
  changed: t('was changed'), role: t('has the role'), no_role: t('has not the role'),
});
const moments = () => ({'<': t('is before'), '>': t('is after'), '<=': t('is at the latest'), '>=': t('is at the earliest')});
const joins = () => [['&&', t('All of these')], ['||', t('Any of these')], ['!||', t('None of these')], ['!&&', t('Not all of these')]];
const own = new Set(); // elements whose text is being written: a form waits for them

class Conditions extends HTMLElement {
  connectedCallback() {
    if (this.ready) return;
    this.ready = true;
    this.text = this.dataset.for ? document.getElementById(this.dataset.for) : $('textarea[name=filter]', this.parentElement);
    this.names = new Map(); // path → names that can follow it
    this.known = new Map(); // path → the name at its end
    const panel = this.closest('[popover]');
    if (panel) panel.addEventListener('toggle', event => event.newState === 'open' && this.load());
    else this.beside();
    this.text.addEventListener('change', () => (panel || this.open) && this.load());
    this.addEventListener('change', event => event.stopPropagation());
  }

  /** In a form of a designer: a button that shows the rows instead of the text, and the text again. */
  beside() {
    this.button_ = this.button('list-filter', t('By choosing'), () => this.turn(), true);
    this.button_.classList.add('turn');
    this.button_.setAttribute('aria-pressed', 'false');
    this.before(this.button_);
    this.hidden = true;
    if (this.text.disabled || this.text.matches(':disabled')) this.button_.hidden = true;
  }

  async turn() {
    if (!this.open) {
      await this.load(true);
      if (!this.tree) {
        this.hidden = false; // why it cannot be shown as rows
        return;
      }
    }
    this.open = !this.open;
    this.hidden = !this.open;
    this.text.hidden = this.open;
    this.button_.setAttribute('aria-pressed', String(this.open));
    this.button_.replaceChildren(icon(this.open ? 'code' : 'list-filter'), this.open ? t('As text') : t('By choosing'));
    (this.open ? $('select, input, button', this) : this.text)?.focus();
  }

  async ask(values) {
    const url = new URL(this.dataset.url, location);
    for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
    const answer = await fetch(url, {headers: {Accept: 'application/json'}}).catch(() => null);
    return answer?.ok ? answer.json() : null;
  }

  learn(names) {
    for (const [path, list] of Object.entries(names)) {
      this.names.set(path, list);
      for (const one of list) this.known.set(one.id, one);
    }
  }

  async load() {
    const told = await this.ask({source: this.text.value});
    if (!told) return;
    this.learn(told.names);
    this.parameters = told.parameters;
    this.tree = told.tree;
    this.problem = this.button_ && told.tree ? '' : told.problem;
    const details = $('details', this.parentElement);
    if (!this.tree && details) details.open = true; // where it is written wrong it is mended
    if (this.tree && !this.tree.parts.length) this.add(this.tree);
    this.draw();
  }

  add(tree) {
    const first = this.names.get('').find(one => one.kind);
    if (first) tree.parts.push({field: first.id, op: first.ops[0]});
  }

  /** Let the server write the rows as text, a moment after the last change; a form that is sent meanwhile waits. */
  write(later = 0) {
    own.add(this);
    clearTimeout(this.due);
    this.due = setTimeout(async () => {
      const turn = (this.turns = (this.turns ?? 0) + 1);
      const told = await this.ask({tree: JSON.stringify(this.tree)});
      if (turn !== this.turns) return;
      if (told && told.source !== null) {
        this.text.value = told.source;
        this.text.dispatchEvent(new Event('input', {bubbles: true}));
      }
      this.say(told && this.button_ && told.source !== null ? '' : told?.problem ?? ''); // a designer says itself what is wrong
      own.delete(this);
      this.dispatchEvent(new Event('dw:written'));
    }, later);
  }

  say(problem) {
    this.problem = problem;
    const line = $(':scope > .wrong', this);
    if (line) {
      line.hidden = !problem;
      line.textContent = problem;
    }
  }

  draw() {
    const at = document.activeElement?.dataset?.at;
    const line = document.createElement('p');
    line.className = 'err wrong';
    line.setAttribute('role', 'status');
    if (this.tree) this.replaceChildren(this.group(this.tree, ''), line);
    else this.replaceChildren(said(t('As long as the text is wrong, it cannot be shown as rows.')), line);
    this.say(this.problem ?? '');
    if (at) $(`[data-at="${at}"]`, this)?.focus(); // the same control of what was drawn anew
  }

  /** Draw anew after a choice, and write. */
  again() {
    this.draw();
    this.write();
  }

  group(tree, at, parent = null) {
    const box = document.createElement('div');
    box.className = parent ? 'rule-group inner' : 'rule-group';
    box.setAttribute('role', 'group');
    box.setAttribute('aria-label', t('Conditions'));
    if (parent || tree.parts.length > 1 || tree.not) {
      const now = (tree.not ? '!' : '') + tree.join;
      box.append(this.choice(joins(), now, value => {
        tree.join = value.replace('!', '');
        tree.not = value.startsWith('!');
        if (!tree.not) delete tree.not;
        this.again();
      }, t('All or any'), `${at}join`, 'auto'));
    }
    tree.parts.forEach((part, i) => {
      const row = document.createElement('div');
      row.className = 'rule';
      const here = `${at}${i}.`;
      if (part.join) row.append(this.group(part, here, tree));
      else if ('text' in part) this.words(row, part, here);
      else this.row(row, part, here);
      const gone = this.button('x', t('Remove'), () => { tree.parts.splice(i, 1); this.again(); });
      row.append(gone);
      box.append(row);
    });
    const foot = document.createElement('div');
    foot.className = 'row tight';
    const more = this.button('plus', t('Condition'), () => { this.add(tree); this.again(); }, true);
    more.dataset.at = `${at}more`;
    foot.append(more);
    if (at.split('.').length < 4) {
      const inner = this.button('plus', t('Group'), () => { const one = {join: '||', parts: []}; this.add(one); tree.parts.push(one); this.again(); }, true);
      inner.dataset.at = `${at}group`;
      foot.append(inner);
    }
    box.append(foot);
    return box;
  }

  /** A part that rows cannot say, as its text. */
  words(row, part, at) {
    const input = document.createElement('textarea');
    input.className = 'inp mono';
    input.rows = 1;
    input.value = part.text;
    input.spellcheck = false;
    input.dataset.at = `${at}text`;
    input.setAttribute('aria-label', t('Condition as text'));
    input.addEventListener('input', () => { part.text = input.value; this.write(400); });
    const why = document.createElement('small');
    why.className = 'mut';
    why.textContent = part.why === 'names' ? t('It names something that is not offered here.') : t('It says more than a row can.');
    const box = document.createElement('span');
    box.className = 'words';
    box.append(input, why);
    row.append(box);
  }

  row(row, part, at) {
    row.append(this.path(part, at));
    const name = this.known.get(part.field) ?? {kind: 'any', ops: ['==', '!=']};
    const said_ = {...words(), ...(['date', 'datetime', 'time'].includes(name.kind) ? moments() : {})};
    const offered = [...name.ops];
    if (this.known.has('old') && name.kind !== 'role') offered.push('changed');
    if (!offered.includes(part.op)) offered.push(part.op);
    // What rows offer is not all that a text may say: the other ways are there only where they are said.
    const shown = offered.filter(op => op === part.op || !(name.kind === 'boolean' && (op === '==' || op === '!=')));
    row.append(this.choice(shown.map(op => [op, said_[op] ?? op]), part.op, value => {
      if (BARE.has(value) || DAYS.has(value) !== DAYS.has(part.op) || Array.isArray(part.value) !== (value === 'any' || value === 'none')) {
        delete part.value;
        delete part.by;
      }
      part.op = value;
      this.again();
    }, t('Comparison'), `${at}op`));
    if (!BARE.has(part.op)) this.value(row, part, name, at);
  }

  /** The name a row is about, step by step: a field, then a field of what it leads to. */
  path(part, at) {
    const box = document.createElement('span');
    box.className = 'path';
    const steps = ['approvals', 'sla'].includes(part.field.split('.')[0]) ? [part.field] : part.field.split('.');
    const put = async path => {
      let name = this.known.get(path);
      if (name?.leads && !name.kind) { // it only leads on
        await this.more(path);
        name = (this.names.get(path) ?? [])[0];
      }
      if (!name) return;
      part.field = name.id;
      if (!name.ops.includes(part.op)) part.op = name.ops[0];
      delete part.value;
      delete part.by;
      delete part.title;
      if (name.leads) await this.more(name.id);
      this.again();
    };
    let before = '';
    steps.forEach((step, i) => {
      const here = before ? `${before}.${step}` : step;
      const list = this.names.get(before) ?? [];
      const options = list.map(one => [one.id, one.title]);
      if (!list.some(one => one.id === here)) options.push([here, step]);
      if (before && this.known.get(before)?.kind) options.unshift([before, t('(itself)')]);
      box.append(this.choice(options, here, put, i ? t('Field of it') : t('Field'), `${at}p${i}`));
      before = here;
    });
    const last = this.known.get(part.field);
    if (last?.leads) {
      const list = this.names.get(part.field);
      if (!list) this.more(part.field).then(() => this.draw());
      else if (list.length) box.append(this.choice([[part.field, t('(itself)')], ...list.map(one => [one.id, one.title])], part.field, put, t('Field of it'), `${at}p${steps.length}`));
    }
    return box;
  }

  async more(path) {
    if (this.names.has(path)) return;
    const told = await this.ask({of: path});
    if (told) this.learn(told.names);
    else this.names.set(path, []);
  }

  /** What a row compares with: a value, or what another name has. */
  value(row, part, name, at) {
    const like = one => one.id !== part.field && (one.kind === name.kind || (name.kind === 'choice' && one.kind === 'text'));
    const compared = ['==', '!=', '<', '<=', '>', '>='].includes(part.op) && name.kind !== 'role';
    const fields = compared ? [...this.known.values()].filter(like) : [];
    const parameters = compared ? this.parameters.filter(like) : [];
    const moment = {date: 'today()', datetime: 'now()'}[name.kind];
    const ways = [['', t('a value')]];
    if (name.person && compared) ways.push(['me', t('me')]);
    if (moment && compared) ways.push(['now', name.kind === 'date' ? t('today') : t('now')]);
    if (parameters.length) ways.push(['param', t('a parameter')]);
    if (fields.length) ways.push(['field', t('another field')]);
    const by = part.by !== 'name' ? '' : part.value === 'user.id' ? 'me' : part.value === moment ? 'now' : part.value.startsWith('param.') ? 'param' : 'field';
    if (!ways.some(one => one[0] === by)) ways.push([by, t('another field')]);
    if (ways.length > 1) {
      row.append(this.choice(ways, by, way => {
        delete part.value;
        delete part.title;
        part.by = 'name';
        if (way === '') delete part.by;
        else part.value = {me: 'user.id', now: moment, param: parameters[0]?.id, field: fields[0]?.id}[way];
        this.again();
      }, t('Compared with'), `${at}by`, 'auto'));
    }
    const put = value => { part.value = value; this.write(); };
    if (by === 'param' || by === 'field') {
      const options = (by === 'param' ? parameters : fields).map(one => [one.id, this.title(one)]);
      if (!options.some(one => one[0] === part.value)) options.push([part.value, part.value]);
      row.append(this.choice(options, part.value, put, t('Value'), `${at}name`));
    } else if (by === '') row.append(this.literal(part, name, at, put));
  }

  /** A name with what it is a field of. */
  title(one) {
    const parent = this.known.get(one.id.split('.').slice(0, -1).join('.'));
    return parent ? `${this.title(parent)} · ${one.title}` : one.title;
  }

  literal(part, name, at, put) {
    if (name.kind === 'boolean') {
      part.value ??= 'true';
      return this.choice([['true', t('yes')], ['false', t('no')]], part.value, put, t('Value'), `${at}v`);
    }
    if ((part.op === 'any' || part.op === 'none') && name.options) return this.chips(part, name, at, put);
    if (name.options && !['contains', 'lacks', 'starts', 'ends'].includes(part.op)) {
      const options = name.options.some(one => one[0] === part.value) || !part.value ? name.options : [...name.options, [part.value, part.value]];
      return this.choice([['', ''], ...options], part.value ?? '', put, t('Value'), `${at}v`);
    }
    if (name.kind === 'record' && name.lookup) return this.record(part, name, put);
    const input = document.createElement('input');
    const counted = DAYS.has(part.op), many = part.op === 'any' || part.op === 'none';
    input.className = 'inp';
    input.type = counted ? 'number' : !TYPED.has(name.kind) ? 'text' : {date: 'date', datetime: 'datetime-local', time: 'time'}[name.kind] ?? 'text';
    if (name.kind === 'number') input.inputMode = 'decimal';
    if (name.kind === 'duration' && !counted) input.placeholder = '24h';
    if (counted) input.min = 0;
    input.value = many ? [part.value ?? []].flat().join(', ') : input.type === 'datetime-local' && part.value ? local(part.value) : part.value ?? '';
    input.dataset.at = `${at}v`;
    input.setAttribute('aria-label', t('Value'));
    input.addEventListener('input', () => {
      const value = input.value.trim();
      part.value = many ? value.split(/[,，]/).map(one => one.trim()).filter(Boolean) : input.type === 'datetime-local' && value ? new Date(value).toISOString() : value;
      this.write(200);
    });
    return input;
  }

  chips(part, name, at, put) {
    const box = document.createElement('span');
    box.className = 'chips';
    for (const [id, title] of name.options) {
      const chip = document.createElement('label'), tick = document.createElement('input');
      chip.className = 'chip';
      tick.type = 'checkbox';
      tick.dataset.at = `${at}v-${id}`;
      tick.checked = (part.value ?? []).includes(id);
      tick.addEventListener('change', () => put(name.options.map(one => one[0]).filter(one => (one === id ? tick.checked : (part.value ?? []).includes(one)))));
      chip.append(tick, title);
      box.append(chip);
    }
    return box;
  }

  record(part, name, put) {
    const combo = document.createElement('dw-combobox');
    combo.className = 'combo';
    combo.setAttribute('src', name.lookup);
    const input = document.createElement('input'), hidden = document.createElement('input');
    input.className = 'inp';
    input.id = `rule-${Math.random().toString(36).slice(2)}`;
    for (const [key, value] of [['role', 'combobox'], ['aria-expanded', 'false'], ['aria-autocomplete', 'list'], ['aria-label', t('Value')], ['autocomplete', 'off']]) input.setAttribute(key, value);
    input.value = part.title ?? part.value ?? '';
    hidden.type = 'hidden';
    hidden.value = part.value ?? '';
    hidden.addEventListener('change', () => { part.title = input.value; put(hidden.value); });
    combo.append(input, hidden);
    return combo;
  }

  choice(options, value, chosen, label, at, more = '') {
    const select = document.createElement('select');
    select.className = `inp ${more}`.trim();
    select.dataset.at = at;
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
  const one = document.createElement('p');
  one.className = 'help';
  one.textContent = text;
  return one;
};
const local = text => {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? '' : new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};
// A form is not sent before what was chosen is written as text.
document.addEventListener('submit', event => {
  const [first] = own;
  if (!first) return;
  const {target, submitter} = event;
  event.preventDefault();
  event.stopImmediatePropagation();
  first.addEventListener('dw:written', () => target.requestSubmit(submitter), {once: true});
}, true);
customElements.define('dw-conditions', Conditions);

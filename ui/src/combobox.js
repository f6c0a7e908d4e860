// <dw-combobox src="…">: choosing a record by typing (ARIA 1.2 combobox, list pop-up). It posts a plain hidden input, and
// without this script its text input is still there: the server looks an exact title up. `data-create` is where a record
// that is not there is made, in a dialog over the form; with `data-kind` the select before it says of what kind it is.
import {$, icon, later, t} from './core.js';
import {make} from './quick.js';
import {read} from './inputs.js';

class Combobox extends HTMLElement {
  connectedCallback() {
    if (this.input || later(this)) return;
    this.input = $('input[role=combobox]', this);
    this.hidden_ = $('input[type=hidden]', this);
    this.items = [];
    this.at = 0;
    this.asked = 0;
    this.input.addEventListener('input', () => {
      this.choose('', this.input.value);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.load(), 150);
    });
    this.input.addEventListener('focus', () => this.input.select());
    this.input.addEventListener('click', () => this.load());
    this.input.addEventListener('blur', () => setTimeout(() => this.close(), 150));
    this.input.addEventListener('keydown', event => this.key(event));
  }

  key(event) {
    const open = this.list && !this.list.hidden;
    if (event.key === 'ArrowDown') open ? this.move(1) : this.load();
    else if (event.key === 'ArrowUp' && open) this.move(-1);
    else if (event.key === 'Enter' && open && this.items[this.at]) this.pick(this.items[this.at]);
    else if (event.key === 'Escape' && open) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  async load() {
    const asked = ++this.asked;
    const url = new URL(this.getAttribute('src'), location);
    url.searchParams.set('q', this.hidden_.value ? '' : this.input.value);
    const form = this.closest('form');
    if (this.dataset.kind !== undefined) {
      const kind = $('select', this.parentElement).value;
      if (!kind) return;
      url.searchParams.set('kind', kind);
    }
    const needs = this.dataset.needs?.split(' ') ?? [];
    const values = needs.length ? read(form, 'UTC') : {}; // no condition over moments decides what is offered
    for (const name of needs) if (values[name] != null) url.searchParams.set(`record.${name}`, values[name]);
    const answer = await fetch(url, {headers: {Accept: 'application/json'}}).catch(() => null);
    if (asked !== this.asked || !answer?.ok) return;
    this.items = (await answer.json()).items;
    const typed = this.hidden_.value ? '' : this.input.value.trim();
    if (this.dataset.create && !this.items.some(one => one.title === typed)) this.items.push({make: typed});
    this.at = 0;
    this.draw();
  }

  draw() {
    if (!this.list?.isConnected) { // made late, and again after a morph, which drops what the server did not send
      this.list = document.createElement('div');
      this.list.className = 'list';
      this.list.id = `${this.input.id}-list`;
      this.list.setAttribute('role', 'listbox');
      this.list.setAttribute('aria-label', t('Results'));
      this.append(this.list);
    }
    this.list.textContent = '';
    this.list.hidden = false;
    this.input.setAttribute('aria-expanded', 'true');
    this.input.setAttribute('aria-controls', this.list.id);
    let recent = false;
    this.items.forEach((item, i) => {
      if (Boolean(item.recent) !== recent) {
        recent = Boolean(item.recent);
        if (recent || i) this.list.append(heading(recent ? t('Recent') : t('All')));
      }
      const option = document.createElement('div');
      option.id = `${this.list.id}-${i}`;
      option.setAttribute('role', 'option');
      option.setAttribute('aria-selected', i === this.at);
      if (item.make === undefined) option.textContent = item.title;
      else option.dataset.make = '';
      if (item.make !== undefined) option.append(icon('plus'), item.make ? t('New: “%(name)s”', {name: item.make}) : t('New'));
      option.addEventListener('mousedown', event => {
        event.preventDefault();
        this.pick(item);
      });
      this.list.append(option);
    });
    if (this.items.length) {
      this.input.setAttribute('aria-activedescendant', `${this.list.id}-${this.at}`);
      $(`[id="${this.list.id}-${this.at}"]`, this.list).scrollIntoView({block: 'nearest'});
    }
    if (!this.items.some(one => one.id)) {
      const none = document.createElement('div');
      none.className = 'help none';
      none.textContent = t('No matches');
      this.list.prepend(none);
    }
  }

  move(step) {
    this.at = Math.max(0, Math.min(this.items.length - 1, this.at + step));
    this.draw();
  }

  async pick(item) {
    if (item.make !== undefined) {
      this.close();
      const made = await make(this.dataset.create, item.make);
      this.input.focus();
      if (made) this.choose(made.id, made.title);
      return;
    }
    this.choose(item.id, item.title);
    this.close();
  }

  choose(id, title) {
    this.input.value = title;
    if (this.hidden_.value === id) return;
    this.hidden_.value = id;
    this.hidden_.dispatchEvent(new Event('change', {bubbles: true}));
  }

  close() {
    if (this.list) this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }
}
function heading(text) {
  const one = document.createElement('div');
  one.className = 'group';
  one.setAttribute('role', 'presentation');
  one.textContent = text;
  return one;
}
customElements.define('dw-combobox', Combobox);

// From the inputs of a generated form to the values that conditions read, in the shapes of the API: decimals and
// moments as text, a list of rows as a list of objects, what is empty or cannot be read as null.
import {$$, t} from './core.js';
import {shown as decimal} from './expr.js';

const NUMBERS = new Set(['integer', 'decimal', 'percent', 'money', 'rating']);
const FILES = new Set(['file', 'image', 'signature']);
const LISTS = new Set(['multi_select', 'references']);

/** Every field that has inputs: id → value. */
export function read(form, zone) {
  const values = {};
  for (const box of $$('[data-field]', form)) {
    if (box.closest('[data-line], template') || !$$('[name]', box).length) continue;
    values[box.dataset.field] = box.dataset.type === 'rows' ? lines(box, zone) : value(box, zone);
    const currency = box.querySelector('select[name$=".currency"]');
    if (currency) values[`${box.dataset.field}__currency`] = currency.value;
  }
  return values;
}

const lines = (box, zone) => $$('tbody [data-line]', box).map(line => {
  const row = {};
  for (const cell of $$('[data-field]', line)) if ($$('[name]', cell).length) row[cell.dataset.field] = value(cell, zone);
  return row;
});

function value(box, zone) {
  const type = box.dataset.type;
  if (FILES.has(type)) {
    const held = $$('[data-held] input:checked', box).map(one => ({id: one.value}));
    return held.length ? held : null; // conditions ask only whether there is any
  }
  const inputs = $$('[name]', box).filter(one => !one.name.endsWith('.title') && !one.name.endsWith('.currency'));
  const ticked = inputs.filter(one => one.checked).map(one => one.value);
  if (type === 'boolean') return ticked.includes('true');
  if (type === 'checklist') return Object.fromEntries(ticked.map(one => [one, true]));
  if (LISTS.has(type)) return type === 'references' ? inputs.map(one => one.value).filter(Boolean) : ticked;
  if (type === 'pipeline') return ticked[0] ?? null;
  if (type === 'rating') return ticked.length ? Number(ticked[0]) : null;
  const text = inputs.at(-1).value.trim();
  if (type === 'tags') return text.split(/[,，、]/).map(one => one.trim()).filter(Boolean);
  if (!text) return null;
  if (NUMBERS.has(type)) return number(text);
  if (type === 'datetime') return utc(text, zone);
  return text;
}

/** A number as people type it: full-width digits and grouping commas are taken; null if it is none. */
function number(text) {
  const flat = text.normalize('NFKC').replace(/ /g, '');
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(flat) ? flat.replaceAll(',', '') : flat;
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? plain.replace(/^\+/, '') : null;
}

/** A local day and time in a zone as RFC 3339 in UTC. The browser's own zone does not matter. */
function utc(text, zone) {
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall)) return null;
  let at = wall;
  for (let i = 0; i < 2; i++) at = wall - (Date.parse(`${local(at, zone)}Z`) - at); // twice: the offset may change between
  return new Date(at).toISOString();
}

function local(at, zone) {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit',
    minute: '2-digit', second: '2-digit',
  }).formatToParts(at);
  const part = Object.fromEntries(parts.map(one => [one.type, one.value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}`;
}

/** now() and today() of this moment. */
export function instant(zone) {
  const now = Date.now();
  return {'now()': new Date(now).toISOString(), 'today()': local(now, zone).slice(0, 10)};
}

/** The text of a formula's value, as the server would write it. */
export function shown(value, type, currency) {
  if (value === null || value === undefined || value === '') return '–';
  const lang = document.documentElement.lang;
  const number = (options = {}) => new Intl.NumberFormat(lang, {maximumFractionDigits: 4, ...options}).format(decimal(value));
  const day = options => new Intl.DateTimeFormat(lang, {dateStyle: 'medium', timeZone: 'UTC', ...options}).format(value);
  switch (type) {
    case 'money': return number({style: 'currency', currency, currencyDisplay: 'narrowSymbol', minimumFractionDigits: 2});
    case 'integer': case 'decimal': return number();
    case 'percent': return `${number()} %`;
    case 'boolean': return value ? t('yes') : t('no');
    case 'date': return day();
    case 'datetime': return day({timeStyle: 'short'});
    default: return String(value);
  }
}

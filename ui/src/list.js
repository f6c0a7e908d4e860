// What lists and boards need besides: the visual filter, choosing rows, addresses without empty parts.
import './builder.js';
import './rows.js';
import {$$} from './core.js';

document.addEventListener('change', event => event.target.matches('[data-now]') && event.target.form.requestSubmit());

// An address says only what was asked for; one with a view says at least that the filter is empty.
document.addEventListener('submit', event => {
  const form = event.target;
  if (!form.matches('#list-form, #display-panel')) return;
  const elements = [...form.elements].filter(one => one.name);
  const viewed = elements.some(one => one.name === 'view' && one.value);
  const boxes = elements.filter(one => one.name === 'columns' && one.type === 'checkbox');
  const same = boxes.length && boxes.every(one => one.checked === one.defaultChecked) && form.dataset.columns === '';
  const dropped = elements.filter(one => (!one.value && !(viewed && one.name === 'filter')) || (same && boxes.includes(one)));
  for (const one of dropped) one.disabled = true;
  setTimeout(() => dropped.forEach(one => { one.disabled = false; }));
});
// Boxes of rows that a search has taken away are not chosen any more.
document.addEventListener('htmx:after:swap', () => {
  for (const row of $$('[data-row]')) row.closest('tr').setAttribute('aria-selected', row.checked);
});

// Choosing rows of a list, for an action on many. Without this script the boxes work; it ticks all, counts, and marks.
import {$, $$, t} from './core.js';

document.addEventListener('change', event => {
  const all = event.target.closest('[data-all]');
  if (all) for (const row of $$('[data-row]')) row.checked = all.checked;
  if (!all && !event.target.matches('[data-row]')) return;
  for (const row of $$('[data-row]')) row.closest('tr').setAttribute('aria-selected', row.checked);
  const bar = $('#bulk, .bulk');
  const count = $$('[data-row]:checked').length;
  if (bar.id) bar.hidden = !count;
  $('[data-count]', bar).textContent = t('%(n)s selected', {n: count});
});

// The keyboard: what each key does is told by the dialog of `?` (templates/shell.html). Single keys can be switched
// off (WCAG 2.1.4), and never act while somebody types.
import {$, $$} from './core.js';

const SINGLE = 'dealwright.single-keys';
const singles = () => localStorage.getItem(SINGLE) !== 'off';
let went = 0; // when `g` was pressed

document.addEventListener('keydown', event => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 's') {
    const form = $('form[data-form]');
    if (form) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.key === 'Escape') $('.side')?.classList.remove('open');
  if (event.target.closest('input, textarea, select, dialog, [contenteditable], [popover]')) return;
  if (event.metaKey || event.ctrlKey || event.altKey || !singles()) return;
  if (event.key === '?') return keys();
  if (event.key === 'g') {
    went = event.timeStamp;
    return;
  }
  if (went && event.timeStamp - went < 1500) {
    went = 0;
    const to = event.key === 'n' ? $('.bell') : $$('.nav a').filter(one => one.checkVisibility())[Number(event.key) - 1];
    if (to) {
      event.preventDefault();
      location.assign(to.href);
    }
    return;
  }
  if (event.key === 'j' || event.key === 'k') {
    // The focus itself walks from name to name, so Enter opens the record and nothing else need be remembered.
    const names = $$('#rows a.ttl');
    const at = names.indexOf($('a.ttl', document.activeElement.closest('#rows tr') ?? document.head));
    names[event.key === 'j' ? at + 1 : Math.max(at - 1, 0)]?.focus();
    return;
  }
  if (event.key === 'x') {
    $('[data-row]', document.activeElement.closest('tr') ?? document.head)?.click();
    return;
  }
  const target = $(`[data-key="${CSS.escape(event.key)}"]`) ?? (event.key === 'c' ? $('[popovertarget=makes]') : null);
  if (!target) return;
  event.preventDefault();
  if (target.matches('input')) target.focus();
  else target.click();
});

function keys() {
  const dialog = $('#keys');
  if (dialog && !dialog.open) dialog.showModal();
}

document.addEventListener('click', event => {
  if (event.target.closest('[data-act=keys]')) keys();
  else if (event.target.matches('dialog')) event.target.close(); // beside what is in it
});
const box = $('[data-single-keys]');
if (box) {
  box.checked = singles();
  box.addEventListener('change', () => localStorage.setItem(SINGLE, box.checked ? 'on' : 'off'));
}

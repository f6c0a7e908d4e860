// The designer of views: fields go to another place by dragging their handle (mouse, pen, finger), by Alt and an arrow, by their
// buttons, or to a section by its name. What stands where is the order of the inputs in the form; after each move the form saves
// itself, and the preview is drawn anew when that is done.
import {$, $$, t} from './core.js';

const page = () => $('form.places');
const lists = () => $$('.block:not([hidden]) .place-list', page());
const blockOf = one => one.closest('.block');
const SPANS = {third: 'c4', half: 'c6', two_thirds: 'c8', full: 'c12'}, BY_COLUMNS = {1: 'c12', 2: 'c6', 3: 'c4'};

/** Let a field be as wide in the designer as it will be. */
function wide(place) {
  const span = SPANS[$('[data-width]', place).value] ?? BY_COLUMNS[blockOf(place).dataset.columns] ?? place.dataset.natural;
  place.classList.remove('c4', 'c6', 'c8', 'c12');
  place.classList.add(span);
}

/** After a field has moved: its select says where it is, the form saves, and who cannot see it is told. */
function settled(place) {
  const to = $('[data-to]', place), block = blockOf(place).dataset.block;
  if (![...to.options].some(one => one.value === block)) to.add(new Option(t('nowhere'), block));
  to.value = block;
  wide(place);
  const rows = $$('.place', place.parentElement);
  $('[data-said]').textContent = t('%(field)s: place %(n)s of %(of)s in “%(section)s”', {field: $('summary .grow', place).textContent, n: rows.indexOf(place) + 1, of: rows.length, section: place.parentElement.getAttribute('aria-label')});
  place.dispatchEvent(new Event('change', {bubbles: true}));
}

/** One step up or down, over the edge of a section into the next one. */
function step(place, way) {
  const beside = way < 0 ? place.previousElementSibling : place.nextElementSibling;
  if (beside) beside[way < 0 ? 'before' : 'after'](place);
  else {
    const all = lists(), next = all[all.indexOf(place.parentElement) + way];
    if (!next || (way > 0 && next.closest('.tray'))) return;
    next[way < 0 ? 'append' : 'prepend'](place);
  }
  settled(place);
}

document.addEventListener('click', event => {
  const button = event.target.closest('form.places [data-step]');
  const place = button?.closest('.place');
  if (!place) return; // tabs and sections: the server moves them
  event.preventDefault();
  const way = button.dataset.step;
  if (way === 'out') {
    $('[data-block="*out"] .place-list').append(place);
    settled(place);
  } else step(place, way === 'up' ? -1 : 1);
  button.focus();
});
document.addEventListener('change', event => {
  const place = event.target.closest?.('form.places .place');
  if (event.target.matches?.('[data-to]')) {
    $(`[data-block="${event.target.value}"] .place-list`)?.append(place);
    wide(place);
    event.target.focus();
  } else if (event.target.matches?.('[data-width]')) wide(place);
  else if (event.target.matches?.('[data-columns-of]')) {
    const block = event.target.closest('.block');
    block.dataset.columns = event.target.value;
    $$('.place', block).forEach(wide);
  }
}, true);
document.addEventListener('keydown', event => {
  const place = event.target.closest?.('form.places .place');
  const way = {ArrowUp: -1, ArrowDown: 1}[event.key];
  if (!place || !event.altKey || !way) return;
  event.preventDefault();
  step(place, way);
  event.target.focus();
});

let held = null; // {place, id, list, next}: what is dragged, and where it was
document.addEventListener('pointerdown', event => {
  const place = event.target.closest('form.places [data-grab]')?.closest('.place');
  if (!place || event.button || held || place.closest('fieldset:disabled')) return;
  event.preventDefault();
  held = {place, id: event.pointerId, list: place.parentElement, next: place.nextElementSibling};
  place.classList.add('lifted');
});
document.addEventListener('pointermove', event => {
  if (!held || event.pointerId !== held.id) return;
  const under = document.elementFromPoint(event.clientX, event.clientY);
  const block = under?.closest('form.places .block'), over = under?.closest('.place');
  if (block && block.dataset.block !== '*rest' && over !== held.place) {
    if (over) {
      const box = over.getBoundingClientRect();
      const later = event.clientY > box.bottom - box.height / 4 || (event.clientY > box.top + box.height / 4 && event.clientX > box.left + box.width / 2);
      over[later ? 'after' : 'before'](held.place);
    } else $('.place-list', block).append(held.place);
    wide(held.place);
  }
  const edge = event.clientY < 90 ? -14 : event.clientY > innerHeight - 60 ? 14 : 0;
  if (edge) scrollBy({top: edge});
});
function drop(back) {
  const {place, list, next} = held;
  held = null;
  place.classList.remove('lifted');
  if (back) {
    if (next) next.before(place);
    else list.append(place);
    wide(place);
  } else if (place.parentElement !== list || place.nextElementSibling !== next) settled(place);
}
document.addEventListener('pointerup', event => held && event.pointerId === held.id && drop(false));
document.addEventListener('pointercancel', () => held && drop(true));
document.addEventListener('keydown', event => event.key === 'Escape' && held && drop(true));
document.addEventListener('click', event => event.target.closest('[data-grab]') && event.preventDefault()); // dragging opens nothing

// The preview: the real form, from the draft, as a role meets it.
const preview = () => $('[data-preview]');
function drawn() {
  const box = preview(), form = box && $('form', box);
  if (!box || !form.elements.role.value) return;
  const query = new URLSearchParams(new FormData(form));
  const frame = document.createElement('iframe');
  frame.title = t('Preview');
  frame.tabIndex = 0;
  frame.src = `${box.dataset.preview}?${query}`;
  $('[data-shown]', box).replaceChildren(frame);
}
document.addEventListener('change', event => event.target.closest?.('[data-preview]') && drawn());
document.addEventListener('click', event => {
  const button = event.target.closest('[data-frame]');
  if (!button) return;
  for (const one of $$('[data-frame]')) one.setAttribute('aria-pressed', String(one === button));
  $('[data-shown]').className = `frame ${button.dataset.frame}`;
});
document.addEventListener('htmx:after:swap', event => event.target.matches?.('form.places') && drawn());
drawn();

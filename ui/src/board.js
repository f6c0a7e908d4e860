// The board: cards go to another lane by dragging (mouse, pen, a finger that rests), by Alt and an arrow, or by their
// menu. The server decides; what it refuses goes back to where it was, and is explained.
import {$, $$, csrf, t, toast} from './core.js';
import {beside} from './menus.js';

const SLIP = 6, REST = 260; // pixels before a press is a drag; milliseconds before a finger is one
const part = () => $('#board');
const lanes = () => $$('.lane', part());
const laneOf = card => card.closest('.lane');

/** Ask the server to take a card to a lane; show it there at once, and take it back if it may not go. */
async function move(card, lane, reason = '', undo = true) {
  const from = laneOf(card), next = card.nextElementSibling;
  if (!lane || lane === from) return;
  $('ol', lane).prepend(card);
  card.classList.add('going');
  if (!from.classList.contains('end')) card.scrollIntoView?.({block: 'nearest', inline: 'nearest'});
  const body = new FormData();
  body.set('to', lane.dataset.lane);
  body.set('reason', reason);
  const url = `${part().dataset.url}/${card.dataset.id}/drop${location.search}`;
  const headers = {'X-CSRF-Token': csrf(), Accept: 'application/json'};
  const answer = await fetch(url, {method: 'POST', body, headers}).catch(() => null);
  const said = answer?.headers.get('Content-Type')?.startsWith('application/json') ? await answer.json() : null;
  card.classList.remove('going');
  if (answer?.ok && said) {
    count(said.lanes);
    const again = refreshed(card, said.card, lane);
    const message = t('Moved to %(lane)s', {lane: lane.dataset.title});
    toast(message, false, undo && again ? {text: t('Undo'), run: () => move(again, from, '', false)} : null);
    return;
  }
  if (next?.isConnected) next.before(card);
  else $('ol', from).append(card);
  if (said) explain(card, lane, said);
  else toast(t('No connection. Nothing was lost; try again.'), true);
}

/** Put the card as the server draws it now into the place of the old one; in a narrow lane none is shown. */
function refreshed(card, html, lane) {
  const focused = card.contains(document.activeElement);
  const made = document.createElement('template');
  made.innerHTML = html; // drawn by the server's own template, which escapes all that is data
  const again = made.content.querySelector('.deal');
  card.replaceWith(again);
  if (focused) $('a.t', again).focus();
  if (lane.classList.contains('end')) again.hidden = true;
  return again;
}

function count(known) {
  for (const lane of lanes()) {
    const {count: n = 0, total = ''} = known[lane.dataset.lane] ?? {};
    $('[data-count]', lane).textContent = n;
    $('[data-total]', lane).textContent = total;
  }
}

/** Say why a card stays, with a way to each thing that is missing; ask for the reason where that is all it takes. */
function explain(card, lane, said) {
  const dialog = $('#refused');
  $('#refused-title').textContent = said.message;
  const list = $('[data-problems]', dialog);
  list.textContent = '';
  for (const one of said.problems ?? []) {
    const item = document.createElement('li');
    item.textContent = one.message;
    if (one.url) {
      const link = document.createElement('a');
      link.className = 'lnk';
      link.href = one.url;
      link.textContent = t('Fill it in');
      item.append(' ', link);
    }
    list.append(item);
  }
  const ask = Boolean(said.reason) && !list.children.length;
  $('[data-reason]', dialog).hidden = $('[data-again]', dialog).hidden = !ask;
  $('[data-edit]', dialog).hidden = ask || !list.children.length;
  $('[data-edit]', dialog).href = said.problems?.find(one => one.url)?.url ?? said.url;
  const reason = $('textarea', dialog);
  reason.value = '';
  dialog.returnValue = '';
  dialog.onclose = () => {
    if (dialog.returnValue === 'again' && reason.value.trim()) move(card, lane, reason.value.trim());
    else $('a.t', card)?.focus();
  };
  dialog.showModal();
  if (ask) reason.focus();
}

// By keyboard.
document.addEventListener('keydown', event => {
  const card = event.target.closest?.('.deal[data-movable]');
  const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!card || !event.altKey || !step) return;
  event.preventDefault();
  const all = lanes();
  const lane = all[all.indexOf(laneOf(card)) + step];
  if (!lane) return;
  $('a.t', card).focus();
  move(card, lane);
});

// By menu.
document.addEventListener('click', event => {
  const button = event.target.closest('[data-move]');
  if (!button) return;
  const card = button.closest('.deal'), menu = $('#lanes');
  menu.textContent = '';
  const head = document.createElement('h3');
  head.textContent = t('Move to');
  menu.append(head);
  for (const lane of lanes()) {
    if (lane === laneOf(card) || !open(laneOf(card), lane)) continue;
    const choice = document.createElement('button');
    choice.type = 'button';
    choice.append($('.pill', lane).cloneNode(true));
    choice.addEventListener('click', () => move(card, lane));
    menu.append(choice);
  }
  menu.showPopover();
  beside(menu, button);
  $('button', menu)?.focus();
});

/** Whether cards may go from one lane to another, as far as the pipeline says. */
const open = (from, to) => from.dataset.onward === undefined || from.dataset.onward.split(' ').includes(to.dataset.lane);

// By dragging.
let held = null;

document.addEventListener('pointerdown', event => {
  const card = event.target.closest('.deal[data-movable]');
  if (!card || event.button || event.target.closest('button') || held) return;
  held = {card, x: event.clientX, y: event.clientY, id: event.pointerId, ghost: null, over: null};
  if (event.pointerType === 'touch') held.timer = setTimeout(() => held && lift(), REST);
});
document.addEventListener('pointermove', event => {
  if (!held || event.pointerId !== held.id) return;
  const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) > SLIP;
  if (!held.ghost) {
    if (!far) return;
    if (event.pointerType === 'touch') return drop(); // a finger that moves at once scrolls
    lift();
  }
  held.ghost.style.translate = `${event.clientX - held.x}px ${event.clientY - held.y}px`;
  const lane = document.elementFromPoint(event.clientX, event.clientY)?.closest('.lane') ?? null;
  if (lane !== held.over) {
    held.over?.classList.remove('over');
    lane?.classList.add('over');
    held.over = lane;
  }
  nudge(event.clientX);
});
document.addEventListener('pointerup', event => {
  if (!held || event.pointerId !== held.id) return;
  const {card, over, ghost} = held;
  drop();
  if (!ghost) return;
  addEventListener('click', stop, {capture: true, once: true}); // the click that ends a drag opens nothing
  setTimeout(() => removeEventListener('click', stop, {capture: true}), 0);
  if (over && over !== laneOf(card)) move(card, over);
});
const stop = event => {
  event.preventDefault();
  event.stopPropagation();
};
document.addEventListener('pointercancel', () => held && drop());
document.addEventListener('dragstart', event => event.target.closest?.('.deal') && event.preventDefault());
document.addEventListener('touchmove', event => held?.ghost && event.preventDefault(), {passive: false});
document.addEventListener('keydown', event => event.key === 'Escape' && held?.ghost && drop());

function lift() {
  const {card} = held, at = card.getBoundingClientRect(), ghost = card.cloneNode(true);
  ghost.classList.add('ghost');
  ghost.removeAttribute('data-id');
  ghost.setAttribute('aria-hidden', 'true');
  Object.assign(ghost.style, {left: `${at.left}px`, top: `${at.top}px`, width: `${at.width}px`});
  document.body.append(ghost);
  held.ghost = ghost;
  card.classList.add('lifted');
  part().classList.add('dragging');
  for (const lane of lanes()) lane.classList.toggle('shut', lane !== laneOf(card) && !open(laneOf(card), lane));
}

function drop() {
  clearTimeout(held.timer);
  held.ghost?.remove();
  held.card.classList.remove('lifted');
  part().classList.remove('dragging');
  for (const lane of lanes()) lane.classList.remove('over', 'shut');
  held = null;
}

/** Scroll the board while a card is held near its edge. */
function nudge(x) {
  const board = $('.board'), at = board.getBoundingClientRect();
  if (x < at.left + 48) board.scrollBy({left: -16});
  else if (x > at.right - 48) board.scrollBy({left: 16});
}

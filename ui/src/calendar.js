// The calendar of tasks: a task goes to another day by dragging it there, or by Alt and an arrow. It stands there at once; what
// the server refuses goes back, and is explained.
import {$, $$, csrf, t, toast} from './core.js';

const days = () => $$('.cal td[data-day]');
const dayOf = task => task.closest('td[data-day]');

async function move(task, day, undo = true) {
  const from = dayOf(task), item = task.closest('li'), next = item.nextElementSibling;
  if (!day || day === from) return;
  const focused = item.contains(document.activeElement);
  put(item, day);
  if (focused) task.focus();
  const body = new FormData();
  body.set('do', 'move');
  body.set('id', task.dataset.id);
  body.set('day', day.dataset.day);
  const headers = {'X-CSRF-Token': csrf(), Accept: 'application/json'};
  const answer = await fetch('/todo', {method: 'POST', body, headers}).catch(() => null);
  const said = answer?.headers.get('Content-Type')?.startsWith('application/json') ? await answer.json() : null;
  if (answer?.ok && said) {
    task.classList.toggle('late', said.late);
    toast(said.message, false, undo ? {text: t('Undo'), run: () => move(task, from, false)} : null);
    return;
  }
  put(item, from, next);
  if (focused) task.focus();
  toast(said?.message ?? t('No connection. Nothing was lost; try again.'), true);
}

/** Put a task among those of a day, before another one or at the end. */
function put(item, day, next = null) {
  const from = item.closest('td');
  let list = $('ul', day);
  if (!list) {
    list = document.createElement('ul');
    day.append(list);
  }
  list.insertBefore(item, next?.parentElement === list ? next : null);
  day.classList.remove('bare');
  from.classList.toggle('bare', !$('li', from));
}

const STEPS = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7};
document.addEventListener('keydown', event => {
  const task = event.target.closest?.('.cal .ev[draggable]'), step = STEPS[event.key];
  if (!task || !event.altKey || !step) return;
  event.preventDefault();
  const all = days();
  move(task, all[all.indexOf(dayOf(task)) + step]);
});

let held = null;
const over = day => days().forEach(one => one.classList.toggle('over', one === day));
document.addEventListener('dragstart', event => {
  held = event.target.closest?.('.cal .ev[draggable]') ?? null;
  if (!held) return;
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData('text/plain', held.textContent.trim());
  held.classList.add('lifted');
});
document.addEventListener('dragover', event => {
  const day = held && event.target.closest?.('.cal td[data-day]');
  if (!day) return;
  event.preventDefault();
  over(day);
});
document.addEventListener('drop', event => {
  const day = held && event.target.closest?.('.cal td[data-day]');
  if (!day) return;
  event.preventDefault();
  move(held, day);
});
document.addEventListener('dragend', () => {
  held?.classList.remove('lifted');
  held = null;
  over(null);
});

// Menus and panels: the browser opens and closes them (popover); here they are put beside what opened them.
import {$} from './core.js';

/** Put an open menu under its button, or above it where there is no room, and within the window. */
export function beside(menu, button) {
  const at = button.getBoundingClientRect();
  const below = at.bottom + 4 + menu.offsetHeight <= innerHeight - 8;
  menu.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - 4 - menu.offsetHeight)}px`;
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - menu.offsetWidth - 8))}px`;
}

let opener = null;
document.addEventListener('click', event => {
  const button = event.target.closest('[popovertarget]');
  if (button) opener = button;
  const bell = event.target.closest('[data-act=notices]');
  if (bell) { // without this script it is a link to the page; htmx has taken the click and fills the panel
    event.preventDefault();
    opener = bell;
    $('#notices').togglePopover();
  }
}, true);
document.addEventListener('toggle', event => {
  if (event.newState === 'open' && event.target.matches?.('.menu') && opener) beside(event.target, opener);
}, true);
document.addEventListener('htmx:after:swap', () => {
  const panel = $('#notices');
  if (panel?.matches(':popover-open') && opener) beside(panel, opener);
});
// A choice in a menu closes it; one that only switches something leaves it open.
document.addEventListener('click', event => {
  const menu = event.target.closest('.menu[popover]');
  if (menu && event.target.closest('a, button') && !event.target.closest('[data-act=theme], [data-act=density], [data-stay]')) menu.hidePopover?.();
});
// Up and down walk through a menu.
document.addEventListener('keydown', event => {
  const menu = event.target.closest?.('.menu:popover-open');
  if (!menu || !['ArrowDown', 'ArrowUp'].includes(event.key) || event.target.matches('input, select, textarea')) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll('a, button')];
  items[(items.indexOf(event.target) + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length]?.focus();
});

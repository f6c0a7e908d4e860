// Making a record that a form refers to, in a dialog over that form; what was typed below stays as it is.
import {$, csrf, t, toast} from './core.js';

/** Show the short form of a new record; resolves to {id, title} when it was made, to null when it was not. */
export function make(url, name) {
  return new Promise(resolve => {
    const dialog = document.createElement('dialog');
    dialog.className = 'quick';
    let made = null;
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(made);
    });
    dialog.addEventListener('click', event => event.target.closest('[data-close]') && dialog.close());
    dialog.addEventListener('submit', async event => {
      event.preventDefault();
      event.stopPropagation(); // the form below is not the one that is sent
      const answer = await fetch(url, {method: 'POST', body: new FormData(event.target), headers: {'X-CSRF-Token': csrf()}}).catch(() => null);
      if (answer?.status === 201) {
        made = await answer.json();
        dialog.close();
      } else draw(await text(answer));
    });
    const text = async answer => (answer?.headers.get('Content-Type')?.startsWith('text/html') ? answer.text() : null);
    const draw = html => {
      if (html === null) {
        toast(t('No connection. Nothing was lost; try again.'), true);
        if (!dialog.open) dialog.dispatchEvent(new Event('close'));
        return;
      }
      dialog.innerHTML = html; // drawn by the server's own templates, which escape all that is data
      if (!dialog.open) dialog.showModal();
      document.dispatchEvent(new CustomEvent('dw:drawn', {detail: dialog}));
      ($('.bad :is(input:not([type=hidden]), select, textarea)', dialog) ?? $('.inp:is(input, select, textarea)', dialog))?.focus();
    };
    document.body.append(dialog);
    fetch(`${url}?name=${encodeURIComponent(name)}`).then(text, () => null).then(draw);
  });
}

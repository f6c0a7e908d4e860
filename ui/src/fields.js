// <dw-markdown>: marks for the chosen text, and how it will look. <dw-place>: where this device is.
import {$, csrf, later, t, toast} from './core.js';

class Markdown extends HTMLElement {
  connectedCallback() {
    if (later(this)) return;
    $('.tools', this).hidden = false;
    if (this.ready) return;
    this.ready = true;
    this.addEventListener('click', event => {
      const button = event.target.closest('.tools button');
      if (!button) return;
      const {wrap, line} = button.dataset;
      if (wrap) this.put(wrap, wrap);
      else if (line) this.lines(line);
      else if (button.dataset.link !== undefined) this.put('[', '](url)');
      else this.preview(button);
    });
  }

  /** Put marks around what is chosen. */
  put(before, after) {
    const area = $('textarea', this), {selectionStart: from, selectionEnd: to, value} = area;
    area.setRangeText(before + value.slice(from, to) + after, from, to, 'select');
    if (from === to) area.setSelectionRange(from + before.length, from + before.length);
    this.typed(area);
  }

  /** Put a mark before each line that is chosen. */
  lines(mark) {
    const area = $('textarea', this), {value} = area;
    const from = value.lastIndexOf('\n', area.selectionStart - 1) + 1;
    const text = value.slice(from, area.selectionEnd).split('\n').map(one => mark + one).join('\n');
    area.setRangeText(text, from, area.selectionEnd, 'end');
    this.typed(area);
  }

  typed(area) {
    area.focus();
    area.dispatchEvent(new Event('input', {bubbles: true}));
  }

  async preview(button) {
    const area = $('textarea', this), box = $('.prose', this), shows = button.getAttribute('aria-pressed') !== 'true';
    if (shows) {
      const body = new FormData();
      body.set('text', area.value);
      const answer = await fetch(this.dataset.url, {method: 'POST', body, headers: {'X-CSRF-Token': csrf()}}).catch(() => null);
      if (!answer?.ok) {
        toast(t('No connection. Nothing was lost; try again.'), true);
        return;
      }
      box.innerHTML = await answer.text(); // cleaned by the server: a short list of tags, and nothing that runs
    }
    button.setAttribute('aria-pressed', shows);
    area.hidden = shows;
    box.hidden = !shows;
  }
}
customElements.define('dw-markdown', Markdown);

class Place extends HTMLElement {
  connectedCallback() {
    if (later(this)) return;
    const button = $('[data-here]', this);
    if (!navigator.geolocation) return;
    button.hidden = false;
    if (this.ready) return;
    this.ready = true;
    button.addEventListener('click', () => {
      button.disabled = true;
      navigator.geolocation.getCurrentPosition(found => {
        button.disabled = false;
        const {latitude, longitude} = found.coords;
        for (const [name, value] of [['lat', latitude], ['lon', longitude]]) {
          const input = $(`[name$=".${name}"]`, this);
          input.value = value.toFixed(6);
          input.dispatchEvent(new Event('change', {bubbles: true}));
        }
      }, () => {
        button.disabled = false;
        toast(t('This device does not say where it is. Allow it in the browser, or type the place.'), true);
      }, {enableHighAccuracy: true, timeout: 15000, maximumAge: 60000});
    });
  }
}
customElements.define('dw-place', Place);

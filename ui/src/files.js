// <dw-files>: the files of a field. Chosen, dropped or pasted, each is sent at once, with its progress, and the form
// holds its id from then on. Without a connection it is kept on the device and sent later, with the form if that is sent
// first. <dw-signature>: the same, and a pad to draw on; the drawing is sent with the form.
// Without this script a plain input sends the files along with the form, and a tick keeps those that are there.
import {$, $$, csrf, t} from './core.js';
import {keep} from './unsent.js';
import * as waiting from './waiting.js';

/** A number of bytes for people: as the server writes it, rounded up. */
export function sized(count) {
  for (const [unit, size] of [['MB', 2 ** 20], ['KB', 2 ** 10]]) {
    if (count >= size) return `${Math.ceil((count * 10) / size) / 10} ${unit}`;
  }
  return `${count} B`;
}

/** Whether a field takes a file of this type; what the browser cannot tell, the server judges. */
const takes = (accept, type) => !accept || !type || accept.split(',').some(one => (one.endsWith('/*') ? type.startsWith(one.slice(0, -1)) : type === one));

class Files extends HTMLElement {
  connectedCallback() {
    if (this.sending) return;
    this.sending = new Set();
    this.addEventListener('change', event => {
      if (event.target.type !== 'file') return;
      this.take([...event.target.files]);
      event.target.value = ''; // else it would come along a second time
    });
    for (const kind of ['dragenter', 'dragover']) this.addEventListener(kind, event => this.over(event, true));
    for (const kind of ['dragleave', 'drop']) this.addEventListener(kind, event => this.over(event, false));
    this.addEventListener('drop', event => this.take([...event.dataTransfer.files]));
    this.addEventListener('paste', event => {
      const files = [...event.clipboardData.files];
      if (files.length) event.preventDefault();
      this.take(files);
    });
    this.addEventListener('click', event => {
      const item = event.target.closest('[data-remove]')?.closest('li');
      if (!item) return;
      item.request?.abort();
      if (item.waits) waiting.take(item.waits.id);
      setTimeout(() => this.chooser.focus());
    });
  }

  /** Files of this form that came back from this browser: the form was drawn anew with what was typed. */
  async again(form) {
    for (const one of await waiting.all()) {
      if (one.url !== this.dataset.url || one.page !== form.getAttribute('action')) continue;
      this.waits(this.line(one.file), one);
    }
  }

  get chooser() { return $('input[type=file]', this); }
  get items() { return $('[data-held]', this); }

  over(event, on) {
    if (this.chooser.disabled || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    this.classList.toggle('over', on);
  }

  take(files) {
    if (this.chooser.disabled) return;
    for (const file of 'multiple' in this.dataset ? files : files.slice(0, 1)) this.add(file);
  }

  /** Put in a line for a file. */
  line(file) {
    const item = $('template', this).content.firstElementChild.cloneNode(true);
    $('[data-name]', item).textContent = file.name;
    $('[data-size]', item).textContent = sized(file.size);
    $('[data-remove]', item).setAttribute('aria-label', t('Remove %(name)s', {name: file.name}));
    $('[name]', item).setAttribute('aria-label', t('Keep %(name)s', {name: file.name}));
    $('[name]', item).disabled = true; // nothing to name until it has arrived
    for (const one of $$('li.refused', this.items)) one.remove();
    this.items.append(item);
    return item;
  }

  /** Show a file and send it; returns a promise of its arrival that nobody needs to wait for. */
  add(file) {
    const {accept, limit, tooLarge, wrongType} = this.dataset;
    const item = this.line(file);
    if (!takes(accept, file.type)) return this.refused(item, wrongType.replace('{found}', file.type));
    if (file.size > Number(limit)) return this.refused(item, tooLarge.replace('{length}', sized(file.size)));
    const sent = this.send(item, file).then(held => this.hold(item, held), async message => {
      if (message === waiting.OFFLINE) await this.keep(item, file);
      else if (message !== null) this.refuse(item, message);
      throw message;
    }).finally(() => this.sending.delete(sent));
    this.sending.add(sent);
    sent.catch(() => {}); // who waits for it asks for itself
    return sent;
  }

  /** Send a file; resolves with what the server says of it, rejects with a message (null: taken back). */
  send(item, file) {
    const request = item.request = new XMLHttpRequest();
    const progress = $('progress', item);
    const body = new FormData();
    body.append('file', file);
    progress.hidden = false;
    progress.setAttribute('aria-label', t('Sending %(name)s', {name: file.name}));
    request.upload.addEventListener('progress', event => { progress.value = event.loaded / event.total; });
    request.responseType = 'json';
    request.open('POST', this.dataset.url);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRF-Token', $('meta[name=csrf-token]')?.content ?? '');
    return new Promise((resolve, reject) => {
      request.addEventListener('load', () => {
        if (request.status === 201) resolve(request.response);
        else reject(request.response?.message ?? t('The file was not taken. Reload the page and try again.'));
      });
      request.addEventListener('error', () => reject(waiting.OFFLINE));
      request.addEventListener('abort', () => reject(null));
      request.send(body);
    });
  }

  /** Keep a file on this device until there is a connection. */
  async keep(item, file) {
    const {url} = this.dataset, page = this.closest('form').getAttribute('action');
    const id = await waiting.put(url, page, file).catch(() => null);
    if (id === null) this.refuse(item, t('No connection, and no room on this device to keep the file. Choose it again later.'));
    else this.waits(item, {id, url, file});
  }

  waits(item, one) {
    item.waits = one;
    this.alone(item);
    $('progress', item).hidden = true;
    $('[data-size]', item).textContent = `${sized(one.file.size)} · ${t('waits for a connection')}`;
    const input = $('[name]', item);
    input.value = one.id;
    input.checked = true;
    input.disabled = this.chooser.disabled;
    input.dispatchEvent(new Event('change', {bubbles: true}));
  }

  /** Send what waits, one call at a time; rejects with OFFLINE if there is still no way. */
  resend() {
    return (this.sent ??= this.resent().finally(() => { this.sent = null; }));
  }

  async resent() {
    for (const item of $$('li', this.items).filter(one => one.waits)) {
      const one = item.waits;
      const held = await waiting.send(one, csrf()).catch(reason => {
        if (reason === waiting.OFFLINE) throw reason;
        this.refuse(item, reason || t('The file was not taken. Reload the page and try again.'));
        item.waits = null;
        throw reason;
      });
      item.waits = null;
      this.hold(item, held);
      waiting.take(one.id);
    }
  }

  /** A field of one file holds the last that came. */
  alone(item) {
    if (this.dataset.multiple === undefined) for (const one of $$('li', this.items)) if (one !== item) one.remove();
  }

  hold(item, held) {
    this.alone(item);
    const input = $('[name]', item), link = $('[data-name]', item);
    input.value = held.id;
    input.checked = true;
    input.disabled = this.chooser.disabled;
    link.textContent = held.name;
    link.href = held.href;
    link.target = '_blank';
    $('[data-size]', item).textContent = held.size;
    $('progress', item).hidden = true;
    if (held.picture) {
      const picture = document.createElement('img');
      picture.alt = '';
      picture.src = held.href;
      $('.thumb', item).replaceChildren(picture);
    }
    input.dispatchEvent(new Event('change', {bubbles: true}));
  }

  refuse(item, message) {
    item.classList.add('refused');
    $('progress', item).hidden = true;
    const told = $('[data-refused]', item);
    told.hidden = false;
    told.setAttribute('role', 'alert');
    $('span', told).textContent = message;
  }

  refused(item, message) {
    this.refuse(item, message);
    const sent = Promise.reject(message);
    sent.catch(() => {});
    return sent;
  }

  /** Wait until everything is sent; rejects if something was refused. */
  async settled() {
    await Promise.all(this.sending);
    await this.resend();
  }

  get busy() { return this.sending.size > 0 || $$('li', this.items).some(one => one.waits); }
}

class Signature extends Files {
  connectedCallback() {
    if (this.sending) return;
    super.connectedCallback();
    this.addEventListener('pointerdown', event => { if (event.target.matches('canvas')) this.begin(event); });
    this.addEventListener('click', event => { if (event.target.closest('[data-clear]')) this.clear(); });
  }

  get canvas() { return $('canvas', this); }

  begin(event) {
    if (event.button || this.chooser.disabled) return;
    event.preventDefault();
    const canvas = this.canvas;
    if (!this.inked) this.blank();
    canvas.setPointerCapture(event.pointerId);
    const pen = canvas.getContext('2d');
    const at = one => [one.offsetX * this.scale, one.offsetY * this.scale];
    let [x, y] = at(event);
    pen.beginPath();
    pen.arc(x, y, pen.lineWidth / 2, 0, 7); // a dot, for who only touches
    pen.fill();
    const draw = one => {
      for (const part of one.getCoalescedEvents?.() ?? [one]) {
        const [toX, toY] = at(part);
        pen.beginPath();
        pen.moveTo(x, y);
        pen.lineTo(toX, toY);
        pen.stroke();
        [x, y] = [toX, toY];
      }
    };
    const end = () => {
      canvas.removeEventListener('pointermove', draw);
      this.mark(true);
      canvas.dispatchEvent(new Event('input', {bubbles: true}));
    };
    canvas.addEventListener('pointermove', draw);
    canvas.addEventListener('lostpointercapture', end, {once: true});
    this.mark(true);
  }

  /** White paper in the resolution of the screen. */
  blank() {
    const canvas = this.canvas;
    this.scale = Math.max(1, devicePixelRatio);
    canvas.width = canvas.clientWidth * this.scale;
    canvas.height = canvas.clientHeight * this.scale;
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#ffffff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = pen.strokeStyle = '#1b1c22';
    pen.lineWidth = 2.2 * this.scale;
    pen.lineCap = pen.lineJoin = 'round';
  }

  clear() {
    this.blank();
    this.mark(false);
  }

  mark(inked) {
    this.inked = inked;
    this.classList.toggle('inked', inked);
    $('[data-clear]', this).hidden = !inked;
  }

  get busy() { return this.inked || super.busy; }

  async settled() {
    if (this.inked) {
      const picture = await new Promise(resolve => this.canvas.toBlob(resolve, 'image/png'));
      await this.add(new File([picture], 'signature.png', {type: 'image/png'})).catch(reason => {
        if (reason !== waiting.OFFLINE) throw reason;
      });
      this.clear();
    }
    await super.settled();
  }
}

customElements.define('dw-files', Files);
customElements.define('dw-signature', Signature);

// A form with files on their way is sent when they have arrived; if one is refused it stays, and says so. Without a connection
// form and files wait together.
document.addEventListener('submit', event => {
  const busy = $$('dw-files, dw-signature', event.target).filter(one => one.busy);
  if (!busy.length || event.defaultPrevented) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const {target: form, submitter} = event;
  if (form.ariaBusy === 'true') return;
  form.ariaBusy = 'true';
  Promise.all(busy.map(one => one.settled()))
    .then(() => form.requestSubmit(submitter?.isConnected ? submitter : undefined), reason => {
      if (reason === waiting.OFFLINE && form.matches('[data-form]') && submitter?.name !== '_again') keep(form, submitter);
    })
    .finally(() => { form.ariaBusy = null; });
}, true);

// A form that waits as a whole sends its files itself (unsent.js).
const again = () => $$('form:not([data-unsent]) :is(dw-files, dw-signature)').forEach(one => one.resend().catch(() => {}));
addEventListener('online', again);
setInterval(() => navigator.onLine && again(), 20000);
for (const form of $$('form[data-form]').filter(one => $('[data-dirty]:not([hidden])', one))) {
  for (const one of $$('dw-files, dw-signature', form)) one.again(form).catch(() => {});
}

// A file that misses its field must not replace the page, and what was typed with it.
for (const kind of ['dragover', 'drop']) {
  document.addEventListener(kind, event => {
    if ($('form[data-form]') && event.dataTransfer.types.includes('Files')) event.preventDefault();
  });
}

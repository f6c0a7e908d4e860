// What others change while a page is open. The server says that something changed which this page shows (as server-sent
// events, or when it is asked now and then), never what; the page then asks for itself again and puts what differs in its
// place. What somebody has typed, ticked, unfolded, scrolled to or focused stays.
import {$, $$, t, toast} from './core.js';

const main = $('main[data-of]');
const SETTLED = 1500, ASK = 15000, REST = 2500; // milliseconds: after loading; between questions; between two refreshes
let since = main?.dataset.since, source = null, timer = 0, asking = false, last = 0, due = 0;

const address = () => `/changes?of=${encodeURIComponent(main.dataset.of)}&since=${since}`;

function listen() {
  clearTimeout(timer);
  if (document.hidden || source) return;
  if (asking || !window.EventSource) {
    ask();
    return;
  }
  source = new EventSource(address());
  source.onmessage = event => {
    since = event.lastEventId;
    told(JSON.parse(event.data));
  };
  source.onerror = () => { // a connection that broke comes back by itself; one that was refused is closed
    if (source?.readyState !== EventSource.CLOSED) return;
    source = null;
    asking = true;
    ask();
  };
}

async function ask() {
  const answer = await fetch(address(), {headers: {Accept: 'application/json'}}).catch(() => null);
  if (answer?.redirected || (answer && !answer.ok && answer.status < 500)) return; // signed out: there is nothing to tell
  const said = answer?.ok ? await answer.json().catch(() => null) : null;
  if (said) {
    since = said.at;
    if (said.of === null || said.of.length) told({of: said.of ?? main.dataset.of.split(','), spread: said.spread});
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(ask, ASK * (1 + Math.random() / 4));
}

function away() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

if (main?.dataset.since) {
  timer = setTimeout(listen, SETTLED);
  document.addEventListener('visibilitychange', () => (document.hidden ? away() : listen()));
  addEventListener('pageshow', event => event.persisted && listen());
  addEventListener('pagehide', away);
}

function told({of, spread}) {
  if (of.includes('base.notification')) bell();
  if (!of.some(name => name !== 'base.notification') || due || !shape()) return;
  const wait = Math.max(Math.random() * spread, last + REST - Date.now(), 0);
  due = setTimeout(refresh, wait);
}

const shape = () => [['#rows', list], ['#board', board], ['.rec', record], ['form[data-form][data-of]', form]].find(([at]) => $(at));

async function refresh() {
  due = 0;
  const busy = $('#board.dragging, .deal.going, dialog[open], .menu:popover-open:not(#notices)') || document.hidden;
  if (busy) {
    due = setTimeout(refresh, REST);
    return;
  }
  last = Date.now();
  const [at, show] = shape();
  if (show === form) return form();
  const part = show === record ? {} : {'HX-Request': 'true', 'HX-Request-Type': 'partial'};
  const page = location.pathname + location.search.replace(/([?&])(notice|undo)=[^&]*/g, '$1');
  const answer = await fetch(page, {headers: part}).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if ($(at, fresh) && $(at)) show($(at), $(at, fresh));
}

function list(old, fresh) {
  const before = new Map($$('tr[id]', old).map(row => [row.id, bare(row)]));
  if (!put(old, fresh)) return;
  for (const row of $$('tr[id]', fresh)) if (before.get(row.id) !== bare(row)) flash(row);
  $('[data-row]:checked', fresh)?.dispatchEvent(new Event('change', {bubbles: true}));
}

/** Lanes keep the cards that somebody has scrolled to beyond the first ones. */
function board(old, fresh) {
  const known = new Map($$('.deal', old).map(card => [card.dataset.id, card]));
  const placed = new Set($$('.deal', fresh).map(card => card.dataset.id));
  const focused = document.activeElement?.closest('.deal')?.dataset.id;
  if ($$('.lane', old).length !== $$('.lane', fresh).length) return put(old, fresh);
  $$('.lane', fresh).forEach((lane, index) => {
    const now = $$('.lane', old)[index], cards = $$('.deal', now), first = $$('.deal', lane).length;
    $('[data-count]', now).textContent = $('[data-count]', lane).textContent;
    $('[data-total]', now).textContent = $('[data-total]', lane).textContent;
    const further = $('.more', lane) && cards.length > first ? cards.filter(card => !placed.has(card.dataset.id)) : [];
    const more = further.length ? $('.more', now) : $('.more', lane);
    const shown = $$('.deal', lane).map(card => {
      const had = known.get(card.dataset.id);
      if (had && bare(had) === bare(card) && had.closest('.lane') === now) return had;
      flash(card);
      return document.adoptNode(card);
    });
    const top = $('ol', now).scrollTop;
    $('ol', now).replaceChildren(...shown, ...further, ...(more ? [document.adoptNode(more)] : []));
    $('ol', now).scrollTop = top;
  });
  window.htmx?.process(old);
  if (focused && !old.contains(document.activeElement)) $(`.deal[data-id="${CSS.escape(focused)}"] a.t`, old)?.focus({preventScroll: true});
}

function record(old, fresh) {
  const before = new Map($$('.facts > div', old).map(one => [$('dt', one).textContent, bare(one)]));
  for (const at of ['.rec > .page', '.rec > .rail']) {
    const [mine, theirs] = [$(at), $(at, fresh.ownerDocument)];
    if (mine && theirs && bare(mine) !== bare(theirs)) put(mine, theirs);
  }
  for (const one of $$('.rec .facts > div')) if (before.get($('dt', one).textContent) !== bare(one)) flash(one);
  const heads = [$('header.top'), $('header.top', fresh.ownerDocument ?? fresh)];
  if (heads[1] && bare(heads[0]) !== bare(heads[1])) put(...heads);
}

/** A form is left as it is typed: a word about it is enough, saving shows both. */
function form() {
  const note = $('[data-meanwhile]');
  if (note) note.hidden = false;
}

/** Put a fresh part in the place of an old one, with all that somebody has done to the old one. */
function put(old, fresh) {
  const focus = document.activeElement, inside = old.contains(focus) && focus !== old;
  const twins = [];
  for (const one of $$('input, textarea, select', old)) {
    if (one.type === 'hidden' || !(touched(one) || one === focus)) continue;
    const twin = same(one, fresh);
    if (!twin) return offer(); // it would be lost: then nothing is changed before somebody asks for it
    twins.push([one, twin]);
  }
  for (const [one, twin] of twins) {
    if (one.type === 'file') twin.files = one.files;
    else if ('checked' in one && /checkbox|radio/.test(one.type)) twin.checked = one.checked;
    else twin.value = one.value;
  }
  const opened = $$('details', old);
  $$('details', fresh).forEach((one, index) => {
    const had = opened.find(other => key(other) === key(one)) ?? (opened.length ? null : opened[index]);
    if (had) one.open = had.open;
  });
  const scrolled = $$('.scroll', old).map(one => one.scrollLeft), top = main.scrollTop, at = [scrollX, scrollY];
  const node = document.adoptNode(fresh);
  const goal = inside ? same(focus, node) : null;
  const selection = goal?.matches('textarea, input[type=text], input:not([type])') ? [focus.selectionStart, focus.selectionEnd] : null;
  old.replaceWith(node);
  window.htmx?.process(node);
  $$('.scroll', node).forEach((one, index) => { one.scrollLeft = scrolled[index] ?? 0; });
  main.scrollTop = top;
  scrollTo(...at);
  goal?.focus({preventScroll: true});
  if (selection) goal.setSelectionRange(...selection);
  return true;
}

function offer() {
  if ($('.toast[data-offer]')) return false;
  toast(t('Others have changed this page.'), false, {text: t('Show'), run: () => location.reload()});
  $('.toasts').lastElementChild.dataset.offer = '';
  return false;
}

const key = details => $('summary', details)?.textContent.trim();
const bare = element => element.outerHTML.replace(/ (aria-selected="\w+"|style="[^"]*"|open=""|hx-[\w:-]+-id="[^"]*")|( class="[^"]*)\b(fresh|htmx-\w+)\b/g, '$2').replace(/ class="\s*"| +(?=")/g, '');
const touched = one => {
  if (/checkbox|radio/.test(one.type)) return one.checked !== one.defaultChecked;
  if (one.type === 'file') return one.files.length > 0;
  if (one.matches('select')) return [...one.options].some(option => option.selected !== option.defaultSelected) && one.selectedIndex > 0;
  return one.value !== one.defaultValue;
};

/** The element of a fresh part that stands for one of the old part: by its form, name and value, or by where it leads. */
function same(one, fresh) {
  if (one.id && $(`#${CSS.escape(one.id)}`, fresh)) return $(`#${CSS.escape(one.id)}`, fresh);
  const owner = form => [form?.getAttribute('action'), form?.elements.id?.value].join();
  const boxed = /checkbox|radio|submit/.test(one.type ?? '');
  if (one.name) {
    return $$(`[name="${CSS.escape(one.name)}"]`, fresh).find(
      other => other.type === one.type && owner(twin(other, fresh)) === owner(one.form) && (!boxed || other.value === one.value));
  }
  const href = one.getAttribute?.('href');
  return href ? $$('a', fresh).find(other => other.getAttribute('href') === href) : null;
}
const twin = (other, fresh) => other.form ?? (other.getAttribute('form') ? $(`#${CSS.escape(other.getAttribute('form'))}`, fresh) : other.closest('form'));

function flash(element) {
  element.classList.add('fresh');
  setTimeout(() => element.classList.remove('fresh'), 2400);
}

/** The count at the bell; what is new is said. */
async function bell() {
  const answer = await fetch('/notifications/unread').catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const {unread, newest} = await answer.json();
  const link = $('.bell');
  if (!link) return;
  const before = Number(link.dataset.unread ?? 0);
  link.dataset.unread = unread;
  for (const place of [link, $('.tabbar a[href="/notifications"]')].filter(Boolean)) {
    let badge = $('.bdg', place);
    if (!unread) badge?.remove();
    else {
      if (!badge) {
        badge = document.createElement('span');
        badge.className = 'bdg';
        badge.setAttribute('aria-hidden', 'true');
        place.append(badge);
      }
      badge.textContent = unread < 100 ? unread : '99+';
    }
  }
  link.setAttribute('aria-label', unread ? t('Notifications: %(n)s not read', {n: unread}) : t('Notifications'));
  if (unread > before && newest) toast(newest);
}

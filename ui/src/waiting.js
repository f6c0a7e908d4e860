// Files that wait for a connection: kept in this browser (IndexedDB) for who chose them, each under an id that a form holds in
// place of the id that the server will give it. They go when they have arrived, when they are taken back, at signing out, and
// after two weeks.
const DAYS = 14, ROOM = 100 * 2 ** 20;
export const PREFIX = 'local:';
export const OFFLINE = Symbol('no connection');
const user = document.querySelector('main[data-user]')?.dataset.user;

let opened;
const database = () => (opened ??= new Promise((resolve, reject) => {
  const request = indexedDB.open('dealwright', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('files', {keyPath: 'id'});
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
}));

/** Do something with the store; resolves with its result when it lies on the disk. */
async function within(mode, act) {
  const transaction = (await database()).transaction('files', mode, {durability: 'strict'});
  const request = act(transaction.objectStore('files'));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/** Those that wait, of who is signed in: [{id, user, url, page, file, at}]. */
export async function all() {
  return (await within('readonly', store => store.getAll())).filter(one => one.user === user);
}

/** Keep a file that is to be sent to `url`, for the form at `page`; returns its id. Rejects where there is no room. */
export async function put(url, page, file) {
  const held = await within('readonly', store => store.getAll());
  if (held.reduce((sum, one) => sum + one.file.size, file.size) > ROOM) throw new Error('no room');
  const id = PREFIX + crypto.randomUUID();
  await within('readwrite', store => store.put({id, user, url, page, file, at: Date.now()}));
  return id;
}

export const take = id => within('readwrite', store => store.delete(id)).catch(() => {});
export const clear = () => within('readwrite', store => store.clear()).catch(() => {});

/** Send one; resolves with what the server says of it ({id, name, size, href, picture}), rejects with OFFLINE or a message. */
export async function send(one, token) {
  const body = new FormData();
  body.append('file', one.file, one.file.name);
  const headers = {Accept: 'application/json', 'X-CSRF-Token': token};
  const answer = await fetch(one.url, {method: 'POST', body, headers, redirect: 'manual'}).catch(() => null);
  if (answer?.status === 201) return answer.json();
  if (answer?.status === 422) throw (await answer.json().catch(() => ({}))).message ?? '';
  throw OFFLINE; // no way there, a server that is not well, or nobody signed in: it goes on waiting
}

if (user && 'indexedDB' in window) {
  within('readonly', store => store.getAll()).then(held => held.filter(one => one.at < Date.now() - DAYS * 86400000).forEach(one => take(one.id)), () => {});
}

// The condition language in the browser: a checked tree (JSON made by dealwright.conditions) to its value.
//
//   run(tree, env)   env: flat, field id or dotted path → value in API JSON, as the server's `env`
//
// Conditions are always true or false; a comparison with an empty value is false and `!` its exact opposite. Numbers
// are whole numbers with a scale (BigInt), so no digit is lost; moments and durations are milliseconds. No eval, no
// new Function: it runs under the strictest content security policy. What a form shows by it is a hint: the server
// evaluates the same tree on the record as it will be.

const DAY = 86400000, MAX_DAYS = 3652059, MAX_MONTHS = 120000;
const FIRST = -62135596800000, LAST = 253402300800000; // years 1 to 9999
const COLLECTIONS = new Set(['set', 'checklist', 'rows']);

// Numbers: {n, s} is n / 10^s.
const num = (n, s = 0) => ({n, s});
const isNum = v => v !== null && typeof v === 'object' && typeof v.n === 'bigint';
const ten = k => 10n ** BigInt(k);
export function dec(v) {
  if (v == null || v === '') return null;
  if (isNum(v)) return v;
  if (typeof v === 'object') return dec(v.amount); // money with its own currency
  let t = String(v), e = 0;
  const exp = t.search(/e/i);
  if (exp >= 0) { e = Number(t.slice(exp + 1)); t = t.slice(0, exp); }
  const dot = t.indexOf('.');
  let s = dot < 0 ? 0 : t.length - dot - 1, n;
  try { n = BigInt(dot < 0 ? t : t.slice(0, dot) + t.slice(dot + 1)); } catch { return null; } // half typed
  s -= e;
  return s < 0 ? num(n * ten(-s)) : num(n, s);
}
export const shown = v => { // a number as decimal text
  const neg = v.n < 0n, t = String(neg ? -v.n : v.n).padStart(v.s + 1, '0');
  return (neg ? '-' : '') + (v.s ? t.slice(0, -v.s) + '.' + t.slice(-v.s) : t);
};
const align = (a, b) => a.s >= b.s ? [a.n, b.n * ten(a.s - b.s), a.s] : [a.n * ten(b.s - a.s), b.n, b.s];
const halfUp = (n, d) => { const q = (n < 0n ? -n : n) * 2n + d; const r = q / (2n * d); return n < 0n ? -r : r; };
const round = (a, places) => a.s <= places ? num(a.n * ten(places - a.s), places) : num(halfUp(a.n, ten(a.s - places)), places);
function divide(a, b) {
  if (b.n === 0n) return null;
  const [x, y] = align(a, b);
  return num(halfUp((y < 0n ? -x : x) * 1000000n, y < 0n ? -y : y), 6);
}

// Values of API JSON as the kind that the tree says they are.
const DURATION = /^(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,3})\d*)?S)?)?$/;
function duration(v) {
  if (typeof v === 'number') return v;
  const m = DURATION.exec(v);
  if (!m) return null;
  const [w, d, h, min, s] = m.slice(2, 7).map(x => Number(x ?? 0));
  const ms = ((((w * 7 + d) * 24 + h) * 60 + min) * 60 + s) * 1000 + Number((m[7] ?? '0').padEnd(3, '0'));
  return m[1] ? -ms : ms;
}
const instant = v => { const t = typeof v === 'number' ? v : Date.parse(v); return Number.isNaN(t) ? null : t; };
function load(v, kind) {
  if (kind === 'boolean') return v === true;
  if (v === undefined || v === null) return null;
  switch (kind) {
    case 'integer': case 'decimal': return dec(v);
    case 'datetime': return instant(v);
    case 'date': return instant(typeof v === 'number' ? v : v + 'T00:00:00Z');
    case 'duration': return duration(v);
    case 'time': return v === '' ? null : v.length === 5 ? v + ':00' : v.slice(0, 8);
    case 'text': case 'reference': return v === '' && kind === 'reference' ? null : v;
    case 'any': return typeof v === 'number' ? dec(v) : v;
  }
  return v;
}

const cmp = (a, b) => {
  if (isNum(a)) { const [x, y] = align(a, b); return x < y ? -1 : x > y ? 1 : 0; }
  return a < b ? -1 : a > b ? 1 : 0;
};
const family = v => isNum(v) ? 'number' : typeof v;
const eq = (a, b) => a === null || b === null ? a === b : family(a) === family(b) && typeof a !== 'function' && cmp(a, b) === 0;
const inside = t => t >= FIRST && t < LAST ? t : null;

function members(v) {
  if (v === null) return [];
  if (Array.isArray(v)) return v.map(x => x !== null && typeof x === 'object' ? x.id : x);
  return typeof v === 'object' ? Object.keys(v).filter(k => v[k] === true) : [];
}
const empty = (v, kind) => COLLECTIONS.has(kind) ? members(v).length === 0
  : v === null || (kind === 'object' && typeof v === 'object' && Object.keys(v).length === 0);
const blank = (v, kind) => empty(v, kind) || v === '' || (Array.isArray(v) && v.length === 0);

function addMonths(t, n) {
  const months = Number(n.n);
  if (Math.abs(months) > MAX_MONTHS) return null;
  const d = new Date(t), total = d.getUTCFullYear() * 12 + d.getUTCMonth() + months;
  const year = Math.floor(total / 12), month = total - year * 12;
  if (year < 1 || year > 9999) return null;
  const to = new Date(0);
  to.setUTCFullYear(year, month + 1, 0); // the last day of the month
  const day = Math.min(d.getUTCDate(), to.getUTCDate());
  to.setUTCFullYear(year, month, day);
  return to.getTime() + ((t % DAY) + DAY) % DAY;
}

// Two operands, neither empty; kinds are those of the operands.
function add(a, b, ka, kb, sign) {
  if (isNum(a)) { const [x, y, s] = align(a, b); return num(x + BigInt(sign) * y, s); }
  if (ka === 'text') return a + b;
  if (ka === 'duration' && kb !== 'duration') return add(b, a, kb, ka, 1);
  if (ka === 'date' && kb === 'duration') return inside(a + sign * Math.floor(b / DAY) * DAY);
  const t = a + sign * b;
  return ka === 'datetime' && kb === 'duration' ? inside(t) : t;
}
const STRICT = {
  '<': (a, b) => cmp(a, b) < 0, '<=': (a, b) => cmp(a, b) <= 0, '>': (a, b) => cmp(a, b) > 0, '>=': (a, b) => cmp(a, b) >= 0,
  '*': (a, b) => num(a.n * b.n, a.s + b.s), '/': divide, 'neg': a => isNum(a) ? num(-a.n, a.s) : -a,
  'decimal()': a => a, 'abs()': a => num(a.n < 0n ? -a.n : a.n, a.s), 'round()': (a, p) => round(a, Number(p.n)),
  'least()': (a, b) => cmp(a, b) <= 0 ? a : b, 'greatest()': (a, b) => cmp(a, b) >= 0 ? a : b,
  'days()': a => a.n > MAX_DAYS || a.n < -MAX_DAYS ? null : Number(a.n) * DAY,
  'wholeDays()': a => num(BigInt(Math.floor(a / DAY))),
  'addMonths()': addMonths,
  'year()': a => num(BigInt(new Date(a).getUTCFullYear())), 'month()': a => num(BigInt(new Date(a).getUTCMonth() + 1)),
  'lower()': a => [...a].map(c => { const l = c.toLowerCase(); return [...l].length === 1 ? l : c; }).join(''),
  'startsWith()': (a, b) => a.startsWith(b), 'endsWith()': (a, b) => a.endsWith(b), 'contains()': (a, b) => a.includes(b),
};
const LEFT = new Set(['+', '-', '*', '/', 'least()', 'greatest()']); // any number of operands, from the left

// A value of an event is known only when it is read; one of another type than its counterpart equals nothing.
const OTHER = () => {};
const fits = (v, kind) => v === null ? true : kind === 'integer' || kind === 'decimal' ? isNum(v)
  : kind === 'boolean' ? typeof v === 'boolean' : kind === 'any' ? isNum(v) || typeof v === 'string' || typeof v === 'boolean'
  : typeof v === 'string';
const guard = (v, node, beside) => node.t !== 'any' || fits(v, beside) ? v : OTHER;

function summary(kind, values, t) {
  const full = values.filter(v => v !== null);
  if (kind === 'sum') return full.reduce((a, b) => a === null ? b : isNum(a) ? add(a, b, 'decimal', 'decimal', 1) : a + b, null) ?? (t === 'duration' ? 0 : num(0n));
  if (!full.length) return null;
  if (kind === 'avg') return divide(full.reduce((a, b) => add(a, b, 'decimal', 'decimal', 1)), num(BigInt(full.length)));
  return full.reduce((a, b) => (kind === 'min') === (cmp(b, a) < 0) && cmp(a, b) !== 0 ? b : a);
}

export function run(node, env) {
  if ('lit' in node) return load(node.lit, node.t);
  if ('name' in node) {
    const from = node.row === undefined ? env : env[node.row];
    return load(from != null && Object.hasOwn(from, node.name) ? from[node.name] : null, node.t);
  }
  if (node.each) {
    const rows = run(node.over, env) ?? [];
    const ask = row => run(node.body, {...env, [node.var]: row !== null && typeof row === 'object' ? row : {id: row}});
    switch (node.each) {
      case 'exists': return rows.some(ask);
      case 'all': return rows.every(ask);
      case 'count': return num(BigInt(rows.filter(ask).length));
    }
    return summary(node.each, rows.map(ask), node.t);
  }
  const a = node.args, r = i => run(a[i], env);
  switch (node.op) {
    case '&&': return a.every(x => run(x, env));
    case '||': return a.some(x => run(x, env));
    case '!': return !r(0);
    case '?:': return r(0) ? r(1) : r(2);
    case '==': case '!=': {
      const [x, y] = a[0].t === 'null' ? [1, 0] : [0, 1];
      const same = a[y].t === 'null' ? empty(r(x), a[x].t) : eq(guard(r(0), a[0], a[1].t), guard(r(1), a[1], a[0].t));
      return same === (node.op === '==');
    }
    case 'in': {
      const many = r(1), set = a[1].op === 'list' ? many : members(many);
      const x = r(0);
      return x !== null && set.some(v => eq(x, v));
    }
    case 'list': return a.map((_, i) => r(i));
    case 'now()': return load(env['now()'], 'datetime');
    case 'today()': return load(env['today()'], 'date');
    case 'blank()': return blank(r(0), a[0].t);
    case 'coalesce()': { for (const x of a) { const v = run(x, env); if (v !== null) return v; } return null; }
    case 'size()': {
      const v = r(0);
      return num(BigInt(v === null ? 0 : typeof v === 'string' ? [...v].length : a[0].t === 'rows' ? v.length : members(v).length));
    }
    case 'member()': { const whole = r(0); return whole !== null && typeof whole === 'object' ? whole[r(1)] || null : null; }
    case 'hasRole()': return (env['user.roles'] ?? []).includes(r(0));
    case 'changed()': {
      const key = a[0].name, value = r(0);
      if (!Object.hasOwn(env, 'old.' + key)) return env.is_new === true && value !== false && !blank(value, a[0].t);
      const before = load(env['old.' + key], a[0].t);
      return isNum(value) || isNum(before) ? !eq(value, before) : JSON.stringify(value) !== JSON.stringify(before);
    }
  }
  const v = [];
  for (let i = 0; i < a.length; i++) {
    let x = r(i);
    if (a[i].t === 'any' && node.op !== '<' && node.op !== '<=' && node.op !== '>' && node.op !== '>=' && typeof x !== 'string') x = null;
    if (a[i].t === 'any' && (node.op[0] === '<' || node.op[0] === '>') && !isNum(x)) x = null;
    if (x === null) return node.t === 'boolean' ? false : null;
    v.push(x);
  }
  if (node.op === '+' || node.op === '-') {
    let total = v[0], kind = a[0].t;
    for (let i = 1; i < v.length && total !== null; i++) {
      total = add(total, v[i], kind, a[i].t, node.op === '+' ? 1 : -1);
      kind = a[i].t === kind && (kind === 'datetime' || kind === 'date') ? 'duration' : kind === 'duration' ? a[i].t : kind;
    }
    return total;
  }
  const work = STRICT[node.op];
  if (!work) throw new Error('unknown operator ' + node.op);
  return LEFT.has(node.op) ? v.reduce((x, y) => x === null ? null : work(x, y)) : work(...v);
}

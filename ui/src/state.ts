/* SPDX-License-Identifier: Apache-2.0 */
/* What the page shows: kept in the address, so that a link is a view. */
import { computed, effect, signal } from '@preact/signals';
import { kql, KqlError, Query } from './kql.ts';
import { parse_time, Window } from './time.ts';

export interface Filter {
  field: string;
  value: string;
  not: boolean;
  off: boolean;
}

export const screen = signal('overview');
export const sub_screen = signal('');
export const query = signal('');
export const lucene = signal(false);
export const filters = signal<Filter[]>([]);
export const from = signal('now-15m');
export const to = signal('now');
export const refresh_s = signal(5);
export const is_paused = signal(false);
export const columns = signal<string[]>([]);
export const chosen = signal<string | null>(null);
/** Rows of the live stream that wait until they are asked for. */
export const waiting = signal(0);
export const is_local = signal(read('zone') !== 'utc');
export const now = signal(Date.now());
/** True while something is drawn that only makes sense with new events. */
export const is_relative = computed(() => to.value.startsWith('now'));

export function read(name: string): string | null {
  try {
    return localStorage.getItem('remora.' + name);
  } catch {
    return null; // a private window
  }
}

export function write(name: string, value: string): void {
  try {
    localStorage.setItem('remora.' + name, value);
  } catch {
    /* a private window */
  }
}

export const time_window = computed<Window>(() => {
  const b = parse_time(to.value, now.value, is_local.value, true) ?? now.value;
  const a = parse_time(from.value, now.value, is_local.value) ?? b - 900e3;
  return a < b ? { from: a, to: b } : { from: b - 1000, to: b };
});

/** The error of the query bar, or null. */
export const query_error = computed<KqlError | null>(() => {
  try {
    if (!lucene.value) kql(query.value);
    return null;
  } catch (e) {
    return e as KqlError;
  }
});

export function filter_query(f: Filter): Query {
  const q: Query =
    f.value === '*' ? { exists: { field: f.field } } : f.value.includes('*') ? { wildcard: { [f.field]: { value: f.value } } } : { term: { [f.field]: f.value } };
  return f.not ? { bool: { must_not: [q] } } : q;
}

/** What the bar and the pills ask for, without the time. */
export const ask = computed<Query[]>(() => {
  const out: Query[] = [];
  const text = query.value.trim();
  if (text && lucene.value) out.push({ query_string: { query: text } });
  else if (text && !query_error.value) out.push(kql(text));
  for (const f of filters.value) if (!f.off) out.push(filter_query(f));
  return out;
});

export function time_query(w: Window): Query {
  return { range: { '@timestamp': { gte: Math.floor(w.from), lt: Math.ceil(w.to), format: 'epoch_millis' } } };
}

/** A whole query: the bar, the pills, the window and what a panel adds. */
export function whole(...more: Query[]): Query {
  return { bool: { filter: [time_query(time_window.value), ...ask.value, ...more] } };
}

export function add_filter(field: string, value: unknown, not = false): void {
  const text = String(value);
  const rest = filters.value.filter((f) => !(f.field === field && f.value === text));
  filters.value = [...rest, { field, value: text, not, off: false }];
}

export function set_window(a: string | number, b: string | number): void {
  from.value = String(a);
  to.value = String(b);
  now.value = Date.now();
}

/** Moves an absolute or relative window by its own length. */
export function shift_window(by: -1 | 1): void {
  const w = time_window.value;
  const len = w.to - w.from;
  set_window(w.from + by * len, w.to + by * len);
}

/* ---- the address ---- */

function filter_text(f: Filter): string {
  return `${f.not ? '!' : ''}${f.off ? '~' : ''}${f.field}=${f.value}`;
}

function filter_of(text: string): Filter | null {
  const m = /^(!?)(~?)([^=]+)=([\s\S]*)$/.exec(text);
  return m ? { not: m[1] === '!', off: m[2] === '~', field: m[3]!, value: m[4]! } : null;
}

export interface View {
  screen: string;
  sub?: string;
  query?: string;
  filters?: Filter[];
  from?: string;
  to?: string;
}

/** The address of a view; what is not given is as it is now. */
export function href(v: View): string {
  const p = new URLSearchParams();
  const q = v.query ?? query.value;
  if (q) p.set('q', q);
  if (lucene.value) p.set('lang', 'lucene');
  for (const f of v.filters ?? filters.value) p.append('f', filter_text(f));
  const a = v.from ?? from.value;
  const b = v.to ?? to.value;
  if (a !== 'now-15m' || b !== 'now') {
    p.set('from', a);
    p.set('to', b);
  }
  if (refresh_s.value !== 5) p.set('every', String(refresh_s.value));
  if (v.screen === 'discover' && columns.value.length) p.set('cols', columns.value.join(','));
  if (v.screen === 'discover' && chosen.value && v.screen === screen.value) p.set('doc', chosen.value);
  const rest = p.toString();
  return `#/${v.screen}${v.sub ? '/' + v.sub : ''}${rest ? '?' + rest : ''}`;
}

const SCREENS = ['overview', 'discover', 'dashboard', 'settings'];

function read_address(): void {
  const [path = '', rest = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const [name = '', sub = ''] = path.split('/');
  const p = new URLSearchParams(rest);
  screen.value = SCREENS.includes(name) ? name : 'overview';
  sub_screen.value = sub;
  query.value = p.get('q') ?? '';
  lucene.value = p.get('lang') === 'lucene';
  filters.value = p.getAll('f').map(filter_of).filter((f) => f !== null);
  from.value = p.get('from') ?? 'now-15m';
  to.value = p.get('to') ?? 'now';
  refresh_s.value = Number(p.get('every') ?? 5) || 0;
  columns.value = (p.get('cols') ?? '').split(',').filter(Boolean);
  chosen.value = p.get('doc');
  now.value = Date.now();
}

/** Ties the signals to the address and starts the clock. */
export function start_state(): void {
  read_address();
  addEventListener('hashchange', read_address);
  effect(() => {
    const want = href({ screen: screen.value, sub: sub_screen.value });
    if (location.hash !== want) history.replaceState(null, '', want);
  });
  let last = Date.now();
  setInterval(() => {
    const every = refresh_s.value;
    if (every && !is_paused.value && is_relative.value && !document.hidden && Date.now() - last >= every * 1000 - 50) {
      last = Date.now();
      now.value = last;
    }
  }, 500);
}

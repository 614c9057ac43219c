/* SPDX-License-Identifier: Apache-2.0 */
/* The query bar with completion, the filters and the time picker. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Bucket, schema, search, status } from './api.ts';
import { count, span } from './format.ts';
import { kql_value } from './kql.ts';
import { Icon, Popover } from './parts.tsx';
import { TRANSACTIONS } from './outcome.ts';
import {
  add_filter, Filter, filters, from, is_local, is_paused, is_relative, lucene, now, query, query_error, read, refresh_s, set_window, shift_window,
  time_query, time_window, to, write,
} from './state.ts';
import { clock, day_clock, parse_time, QUICK, stamp, window_text } from './time.ts';

interface Option {
  kind: 'field' | 'value' | 'op' | 'recent';
  text: string; // what is shown
  insert: string; // what replaces the word under the cursor, or the whole for "recent"
  note: string;
}

const MAX_OPTIONS = 10;

export function recent(): string[] {
  try {
    const list: unknown = JSON.parse(read('recent') ?? '[]');
    return Array.isArray(list) ? list.filter((x) => typeof x === 'string').slice(0, 8) : [];
  } catch {
    return [];
  }
}

function remember(text: string): void {
  const t = text.trim();
  if (t) write('recent', JSON.stringify([t, ...recent().filter((r) => r !== t)].slice(0, 8)));
}

/** What stands before the cursor: the start of a field, or "field: start of a value". */
function context_of(text: string, cursor: number): { field?: string; word: string; start: number } {
  const before = text.slice(0, cursor);
  const value = /([\w@.*-]+)\s*:\s*\(?(?:[^():]*\bor\s+)?("?[^\s()"]*)$/.exec(before);
  if (value) return { field: value[1]!, word: value[2]!.replace(/^"/, ''), start: cursor - value[2]!.length };
  const word = /[^\s():"<>]*$/.exec(before)![0];
  return { word, start: cursor - word.length };
}

function field_options(word: string): Option[] {
  const low = word.toLowerCase();
  const list = (schema.value?.fields ?? []).flatMap((f) => [{ name: f.name, help: f.help }, ...f.aliases.map((a) => ({ name: a, help: f.name }))]);
  return list
    .filter((f) => f.name.toLowerCase().includes(low))
    .sort((a, b) => Number(b.name.toLowerCase().startsWith(low)) - Number(a.name.toLowerCase().startsWith(low)))
    .slice(0, MAX_OPTIONS)
    .map((f) => ({ kind: 'field', text: f.name, insert: f.name + ': ', note: f.help }));
}

async function value_options(field: string, word: string, abort: AbortSignal): Promise<Option[]> {
  const narrow = word ? [{ wildcard: { [field]: { value: `*${word.replace(/\*/g, '')}*`, case_insensitive: true } } }] : [];
  const a = await search(
    { size: 0, query: { bool: { filter: [time_query(time_window.value), ...narrow] } }, aggs: { v: { terms: { field, size: MAX_OPTIONS } } } }, abort);
  const buckets: Bucket[] = a.aggregations?.v?.buckets ?? [];
  return buckets.map((b) => ({ kind: 'value', text: String(b.key_as_string ?? b.key), insert: kql_value(b.key_as_string ?? b.key) + ' ', note: count(b.doc_count) }));
}

const ICON: Record<Option['kind'], string> = { field: 'list', value: 'check', op: 'filter', recent: 'clock' };

export function QueryBar() {
  const [text, set_text] = useState(query.value);
  const [options, set_options] = useState<Option[]>([]);
  const [at, set_at] = useState(-1);
  const [is_open, set_is_open] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => set_text(query.value), [query.value]);

  const complete = (value: string, cursor: number) => {
    abort.current?.abort();
    const mine = (abort.current = new AbortController());
    const c = context_of(value, cursor);
    set_at(-1);
    if (value.trim() === '' ) {
      set_options(recent().map((r) => ({ kind: 'recent', text: r, insert: r, note: 'recent' })));
      set_is_open(recent().length > 0);
    } else if (c.field) {
      setTimeout(() => {
        if (mine.signal.aborted) return;
        value_options(c.field!, c.word, mine.signal).then((o) => { set_options(o); set_is_open(o.length > 0); }, () => undefined);
      }, 150);
    } else {
      const o: Option[] = c.word ? field_options(c.word) : ['and ', 'or ', 'not '].map((w) => ({ kind: 'op', text: w, insert: w, note: '' }));
      set_options(o);
      set_is_open(o.length > 0);
    }
  };
  const submit = () => {
    set_is_open(false);
    abort.current?.abort();
    query.value = text;
    now.value = Date.now();
    remember(text);
  };
  const take = (o: Option) => {
    const cursor = input.current?.selectionStart ?? text.length;
    const c = context_of(text, cursor);
    const next = o.kind === 'recent' ? o.insert : text.slice(0, c.start) + o.insert + text.slice(cursor);
    set_text(next);
    set_is_open(false);
    input.current?.focus();
    if (o.kind !== 'value' && o.kind !== 'recent') {
      const end = c.start + o.insert.length;
      queueMicrotask(() => { input.current?.setSelectionRange(end, end); complete(next, end); });
    }
  };
  const on_key = (e: KeyboardEvent) => {
    if (e.key === 'Escape') {
      if (is_open) e.stopPropagation();
      set_is_open(false);
    } else if (is_open && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      e.preventDefault();
      set_at((x) => (x + (e.key === 'ArrowDown' ? 1 : -1) + options.length + (x < 0 && e.key === 'ArrowUp' ? 1 : 0)) % options.length);
    } else if (is_open && e.key === 'Tab' && options.length && !e.shiftKey) {
      e.preventDefault();
      take(options[Math.max(0, at)]!);
    } else if (e.key === 'Enter') {
      if (is_open && at >= 0) take(options[at]!);
      else submit();
    }
  };
  const wrong = query_error.value;
  return (
    <div class="q">
      <Icon name="search" />
      <input
        ref={input} id="q" type="text" role="combobox" aria-expanded={is_open} aria-controls="q-options" aria-autocomplete="list" aria-label="Search"
        aria-activedescendant={at >= 0 ? `q-${at}` : undefined} aria-invalid={wrong !== null} autocomplete="off" spellcheck={false} value={text}
        placeholder="Search: a word, or status: error and server.ip: 198.51.100.2"
        onInput={(e) => { set_text(e.currentTarget.value); complete(e.currentTarget.value, e.currentTarget.selectionStart ?? 0); }}
        onFocus={(e) => complete(e.currentTarget.value, e.currentTarget.selectionStart ?? 0)}
        onBlur={() => setTimeout(() => set_is_open(false), 150)}
        onKeyDown={on_key}
      />
      {text ? <button class="icb sm" aria-label="Clear the search" onClick={() => { set_text(''); query.value = ''; input.current?.focus(); }}><Icon name="x" cls="s" /></button> : null}
      <span class="kbd" aria-hidden="true">/</span>
      <button class="lang" aria-label={`Query language: ${lucene.value ? 'Lucene' : 'KQL'}`} onClick={() => (lucene.value = !lucene.value)}>{lucene.value ? 'Lucene' : 'KQL'}</button>
      {is_open ? (
        <div class="pop drop wide" id="q-options" role="listbox" aria-label="Completions">
          {options.map((o, i) => (
            <div key={o.text} id={`q-${i}`} class="opt" role="option" aria-selected={i === at} onMouseDown={(e) => { e.preventDefault(); take(o); }}>
              <Icon name={ICON[o.kind]} /><span class="w cut">{o.text}</span><small class="cut">{o.note}</small>
            </div>
          ))}
          <div class="foot" aria-hidden="true"><span><span class="kbd">↑↓</span> choose</span><span><span class="kbd">Tab</span> take</span><span><span class="kbd">Enter</span> search</span><span><span class="kbd">Esc</span> close</span></div>
        </div>
      ) : null}
      {wrong && text === query.value ? <div class="qerr" role="alert"><Icon name="cerr" cls="sl cerr" />{wrong.message} <span class="w">{text.slice(0, wrong.at)}▸{text.slice(wrong.at, wrong.at + 12)}</span></div> : null}
    </div>
  );
}

export function TimePicker() {
  const [is_open, set_is_open] = useState(false);
  const [a, set_a] = useState('');
  const [b, set_b] = useState('');
  const [wrong, set_wrong] = useState('');
  useEffect(() => {
    const open = () => set_is_open(true);
    addEventListener('remora:time', open);
    return () => removeEventListener('remora:time', open);
  }, []);
  const w = time_window.value;
  const local = is_local.value;
  const store = status.value?.store;
  useEffect(() => {
    if (!is_open) return;
    set_a(from.value.startsWith('now') ? from.value : stamp(w.from, local));
    set_b(to.value.startsWith('now') ? to.value : stamp(w.to, local));
    set_wrong('');
  }, [is_open]);
  const use = (close: () => void) => {
    const x = parse_time(a, Date.now(), local), y = parse_time(b, Date.now(), local, true);
    if (x === undefined || y === undefined) set_wrong(`${x === undefined ? a : b} is no time. Write 2026-11-17 02:42, or now-2h.`);
    else if (x >= y) set_wrong('The end lies before the beginning.');
    else {
      set_window(a.startsWith('now') ? a : x, b.startsWith('now') ? b : y);
      close();
    }
  };
  const name = window_text(from.value, to.value, w, local);
  return (
    <div class="time" role="group" aria-label="Time window">
      <button class="step" aria-label="Earlier" onClick={() => shift_window(-1)}><Icon name="left" /></button>
      <Popover
        label={<><Icon name="clock" /><span class="cut" data-testid="window">{name}</span>{name.startsWith('Last') ? <span class="dim" data-only="wide">{clock(w.from, local, 'min')}–{clock(w.to, local, 'min')}</span> : null}</>}
        aria={`Time window: ${name}`} cls="mid-t" pop_cls="timepop" is_open={is_open} on_open={set_is_open}
      >
        {(close) => (
          <>
            <div class="quick">
              <p class="cap">Quick</p>
              {QUICK.map(([text, x, y]) => (
                <button key={text} class="opt two" aria-pressed={from.value === x && to.value === y} onClick={() => { set_window(x, y); close(); }}>
                  <span>{text}</span>{from.value === x && to.value === y ? <Icon name="check" cls="s" /> : null}
                </button>
              ))}
            </div>
            <form class="exact" onSubmit={(e) => { e.preventDefault(); use(close); }}>
              <div class="field"><label for="time-from">From</label><input id="time-from" class="inp w" value={a} onInput={(e) => set_a(e.currentTarget.value)} /></div>
              <div class="field"><label for="time-to">To</label><input id="time-to" class="inp w" value={b} onInput={(e) => set_b(e.currentTarget.value)} /></div>
              {wrong ? <p class="help wrong" role="alert">{wrong}</p> : null}
              <div class="field"><span id="every">Refresh</span>
                <div class="seg" role="group" aria-labelledby="every">
                  {[[1, '1 s'], [5, '5 s'], [60, '1 min'], [0, 'Off']].map(([s, text]) => (
                    <button type="button" key={text} aria-pressed={refresh_s.value === s} onClick={() => (refresh_s.value = Number(s))}>{text}</button>
                  ))}
                </div>
              </div>
              <p class="help">
                {store?.oldest ? `The store has ${span(Date.parse(store.newest ?? store.oldest) - Date.parse(store.oldest))}, from ${day_clock(Date.parse(store.oldest), local)}.` : 'The store has no events yet.'}
              </p>
              <button class="btn main">Use this time</button>
            </form>
          </>
        )}
      </Popover>
      <button class="step" aria-label="Later" onClick={() => shift_window(1)}><Icon name="right" /></button>
    </div>
  );
}

export function LiveButton() {
  const is_live = is_relative.value && !is_paused.value && refresh_s.value > 0;
  const press = () => {
    if (is_live) {
      is_paused.value = true;
      return;
    }
    is_paused.value = false;
    if (!refresh_s.value) refresh_s.value = 5;
    if (!is_relative.value) set_window('now-15m', 'now');
    now.value = Date.now();
  };
  return (
    <button class="btn live" aria-pressed={is_live} onClick={press} title={is_live ? 'Stop to refresh (p)' : 'Refresh again (p)'}>
      {is_live ? <><span class="dot" />Live</> : <><Icon name="play" />Paused</>}
    </button>
  );
}

function Pill({ f, i }: { f: Filter; i: number }) {
  const change = (next: Partial<Filter> | null) => {
    const list = filters.value.slice();
    if (next) list[i] = { ...f, ...next };
    else list.splice(i, 1);
    filters.value = list;
  };
  return (
    <span class={`pill ${f.off ? 'off' : f.not ? 'not' : ''}`}>
      <Popover cls="pillb" aria={`Filter ${f.not ? 'not ' : ''}${f.field} ${f.value}`} label={<><b>{f.not ? 'not ' : ''}{f.field}</b><span class="w cut">{f.value}</span></>}>
        {(close) => (
          <>
            <button class="opt two" onClick={() => { change({ not: !f.not }); close(); }}>{f.not ? 'Only this' : 'Without this'}</button>
            <button class="opt two" onClick={() => { change({ off: !f.off }); close(); }}>{f.off ? 'Switch on' : 'Switch off'}</button>
            <button class="opt two" onClick={() => { change(null); close(); }}>Remove</button>
          </>
        )}
      </Popover>
      <button class="icb" aria-label={`Remove filter ${f.field} ${f.value}`} onClick={() => change(null)}><Icon name="x" cls="s" /></button>
    </span>
  );
}

function AddFilter() {
  const [field, set_field] = useState('');
  const [value, set_value] = useState('');
  const [not, set_not] = useState(false);
  return (
    <Popover label={<><Icon name="plus" />Filter</>} aria="Add a filter">
      {(close) => (
        <form class="addf" onSubmit={(e) => { e.preventDefault(); if (field && value) { add_filter(field, value, not); set_value(''); close(); } }}>
          <div class="field"><label for="add-field">Field</label><input id="add-field" class="inp w" list="add-fields" value={field} onInput={(e) => set_field(e.currentTarget.value)} />
            <datalist id="add-fields">{(schema.value?.fields ?? []).map((f) => <option key={f.name} value={f.name} />)}</datalist></div>
          <div class="field"><label for="add-value">Value, * for any</label><input id="add-value" class="inp w" value={value} onInput={(e) => set_value(e.currentTarget.value)} /></div>
          <label class="check"><input type="checkbox" checked={not} onChange={(e) => set_not(e.currentTarget.checked)} /><span>Everything without it</span></label>
          <button class="btn main">Add filter</button>
        </form>
      )}
    </Popover>
  );
}

export function AskBar() {
  return (
    <div role="search">
      <div class="ask"><QueryBar /><TimePicker /><LiveButton /></div>
      <div class="pills" role="group" aria-label="Filters">
        {filters.value.map((f, i) => <Pill key={`${f.field}=${f.value}${i}`} f={f} i={i} />)}
        <AddFilter />
      </div>
    </div>
  );
}

/** The newest event that fits the search at any time, to offer a way out of an empty window. */
export function use_newest(is_empty: boolean, asked: unknown[]): number | null {
  const [at, set_at] = useState<number | null>(null);
  const key = JSON.stringify(asked);
  useEffect(() => {
    set_at(null);
    if (!is_empty) return;
    const abort = new AbortController();
    search({ size: 1, sort: [{ '@timestamp': 'desc' }], query: { bool: { filter: [...asked, TRANSACTIONS] } }, _source: ['@timestamp'] }, abort.signal).then(
      (a) => set_at(a.hits.hits[0] ? Date.parse(String(a.hits.hits[0]._source['@timestamp'])) : null), () => undefined);
    return () => abort.abort();
  }, [is_empty, key]);
  return at;
}

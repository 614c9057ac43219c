/* SPDX-License-Identifier: Apache-2.0 */
/* Discover: hit count, waterline, fields, rows, detail, live tail. */
import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Bucket, Field, Hit, index_pattern, pick, schema, search, Source, status, use_searches } from './api.ts';
import { use_newest } from './ask.tsx';
import { Waterline } from './charts.tsx';
import { Detail } from './detail.tsx';
import { cell_text, count, share, span } from './format.ts';
import { answer_of, Outcome, OUTCOMES, OUTCOME_QUERY, outcome_of } from './outcome.ts';
import { Failed, Icon, Latency, Loading, OutcomeMark, Popover, Proto, vars } from './parts.tsx';
import { add_filter, ask, chosen, columns, filters, is_local, is_paused, is_relative, now, query, set_window, time_window, waiting, whole } from './state.ts';
import { clock, day_clock, step_of } from './time.ts';

const PAGE = 200;
const MAX_ROWS = 10000;
const MAX_LIVE = 500;

/** Rows that came by the live stream and are not in the last search yet. */
const fresh = signal<Hit[]>([]);

function time_of(h: Hit): number {
  return Date.parse(String(h._source['@timestamp']));
}

function shown_query() {
  return whole();
}

/* ---- rows ---- */

interface Rows {
  hits: Hit[];
  total: number;
  is_more: boolean;
  error: string | null;
  is_loading: boolean;
}

function use_rows(): [Rows, () => void] {
  const key = JSON.stringify(shown_query());
  const [rows, set_rows] = useState<Rows>({ hits: [], total: 0, is_more: false, error: null, is_loading: true });
  const busy = useRef(false);
  const body = (after?: unknown[]) => ({
    size: PAGE, track_total_hits: true, query: JSON.parse(key), sort: [{ '@timestamp': 'desc' }], ...(after ? { search_after: after } : {}),
  });
  useEffect(() => {
    const abort = new AbortController();
    set_rows((r) => ({ ...r, is_loading: true }));
    search(body(), abort.signal).then(
      (a) => {
        const known = new Set(a.hits.hits.map((h) => h._id));
        const newest = Date.parse(String(a.hits.hits[0]?._source['@timestamp'] ?? 0));
        fresh.value = fresh.value.filter((h) => !known.has(h._id) && time_of(h) > newest);
        set_rows({ hits: a.hits.hits, total: a.hits.total.value, is_more: a.hits.hits.length === PAGE, error: null, is_loading: false });
      },
      (e: Error) => {
        if (e.name !== 'AbortError') set_rows((r) => ({ ...r, error: e.message, is_loading: false }));
      },
    );
    return () => abort.abort();
  }, [key]);
  const more = () => {
    if (busy.current || !rows.is_more || rows.hits.length >= MAX_ROWS) return;
    busy.current = true;
    search(body(rows.hits[rows.hits.length - 1]!.sort)).then(
      (a) => {
        busy.current = false;
        set_rows((r) => ({ ...r, hits: [...r.hits, ...a.hits.hits], is_more: a.hits.hits.length === PAGE }));
      },
      (e: Error) => {
        busy.current = false;
        set_rows((r) => ({ ...r, error: e.message }));
      },
    );
  };
  return [rows, more];
}

/** The live stream while the window ends now: rows wait where somebody reads. */
function use_live(may_show: () => boolean): void {
  const on = is_relative.value && !is_paused.value;
  const filter = JSON.stringify({ bool: { filter: ask.value } });
  useEffect(() => {
    fresh.value = [];
    waiting.value = 0;
    if (!on) return;
    const stream = new EventSource(`/-/api/live?filter=${encodeURIComponent(filter)}`);
    let held: Hit[] = [];
    stream.addEventListener('rows', (e) => {
      const rows: Hit[] = JSON.parse(e.data);
      held = [...rows.reverse(), ...held].slice(0, MAX_LIVE);
      if (may_show()) {
        const known = new Set(fresh.value.map((h) => h._id));
        fresh.value = [...held.filter((h) => !known.has(h._id)), ...fresh.value].slice(0, MAX_LIVE);
        held = [];
      }
      waiting.value = held.length;
    });
    const show = () => {
      fresh.value = [...held, ...fresh.value].slice(0, MAX_LIVE);
      held = [];
      waiting.value = 0;
    };
    addEventListener('remora:show', show);
    return () => {
      stream.close();
      removeEventListener('remora:show', show);
    };
  }, [on, filter, index_pattern.value]);
}

function Target({ s }: { s: Source }) {
  const method = pick(s, 'method') ?? pick(s, 'http.request.method');
  const query_text = cell_text(pick(s, 'query'));
  const text = method && query_text.startsWith(String(method) + ' ') ? query_text.slice(String(method).length + 1) : query_text || cell_text(pick(s, 'resource') ?? pick(s, 'path'));
  return (
    <span role="gridcell" class="tg w">
      {method ? <span class="vb">{cell_text(method, 40)}</span> : null}
      <span class="cut" title={text}>{text || (pick(s, 'type') === 'flow' ? `${pick(s, 'network.transport') ?? ''} ${count(Number(pick(s, 'network.packets') ?? 0))} packets` : '')}</span>
    </span>
  );
}

export function end_name(s: Source, side: 'source' | 'destination'): string {
  const name = pick(s, `${side}.container.name`) ?? pick(s, `${side}.domain`);
  const ip = pick(s, `${side}.ip`);
  return cell_text(name ?? ip ?? '?', 80);
}

function server_name(s: Source): string {
  const name = pick(s, 'destination.container.name');
  if (name) return cell_text(name, 80);
  const port = pick(s, 'destination.port');
  const ip = pick(s, 'destination.ip') ?? '?';
  return port === undefined ? cell_text(ip) : String(ip).includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function Row({ h, above, is_chosen, is_tab, on_open }: { h: Hit; above: Hit | undefined; is_chosen: boolean; is_tab: boolean; on_open: () => void }) {
  const s = h._source;
  const at = Date.parse(String(s['@timestamp']));
  const t = clock(at, is_local.value);
  const before = above ? clock(Date.parse(String(above._source['@timestamp'])), is_local.value) : '';
  let same = 0;
  while (same < 8 && t[same] === before[same]) same++;
  if (same < 8) same = same >= 6 ? 6 : same >= 3 ? 3 : 0;
  const o = outcome_of(s);
  const ns = pick(s, 'event.duration');
  return (
    <div class="txr" role="row" data-o={o} data-id={h._id} aria-selected={is_chosen} tabIndex={is_tab ? 0 : -1} onClick={on_open} onKeyDown={(e) => { if (e.key === 'Enter') on_open(); }}>
      <span role="gridcell" class="w tm" title={day_clock(at, is_local.value)}>{same ? <b>{t.slice(0, same)}</b> : null}{t.slice(same)}</span>
      <span role="gridcell"><Proto type={String(pick(s, 'type') ?? '')} /></span>
      <span role="gridcell" class="cut"><span class="route"><span>{end_name(s, 'source')}</span><Icon name="arrow" /><span>{server_name(s)}</span></span></span>
      <Target s={s} />
      <span role="gridcell"><OutcomeMark outcome={o} text={answer_of(s)} /></span>
      <span role="gridcell"><Latency ns={ns === undefined ? undefined : Number(ns)} outcome={o} /></span>
      {columns.value.map((c) => <span role="gridcell" key={c} class="w cut" title={cell_text(pick(s, c))}>{cell_text(pick(s, c), 120)}</span>)}
    </div>
  );
}

/** Only the rows in view are in the document. */
function Grid({ rows, on_more, total }: { rows: Hit[]; on_more: () => void; total: number }) {
  const [view, set_view] = useState({ from: 0, to: 60 });
  const [cursor, set_cursor] = useState<string | null>(chosen.value);
  const marked = useRef<string | null>(chosen.value); // the cursor as the next key finds it, before it is drawn
  const list = useRef<HTMLDivElement>(null);
  const height = () => (matchMedia('(max-width: 767px)').matches ? 52 : 28);
  const look = () => {
    const r = list.current?.getBoundingClientRect();
    if (!r) return;
    const h = height();
    const first = Math.max(0, Math.floor(-r.top / h) - 10);
    const next = { from: Math.min(first, Math.max(0, rows.length - 1)), to: Math.min(rows.length, Math.ceil((innerHeight - r.top) / h) + 10) };
    set_view((v) => (v.from === next.from && v.to === next.to ? v : next));
    if (next.to > rows.length - 40) on_more();
  };
  useEffect(() => {
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [rows]);
  useEffect(() => {
    const key = (e: Event) => {
      const k = (e as CustomEvent<KeyboardEvent>).detail;
      const i = rows.findIndex((h) => h._id === (chosen.value ?? marked.current));
      if (k.key === 'j' || k.key === 'k' || k.key === 'ArrowDown' || k.key === 'ArrowUp') {
        const down = k.key === 'j' || k.key === 'ArrowDown';
        const next = rows[Math.min(rows.length - 1, Math.max(0, i < 0 ? 0 : i + (down ? 1 : -1)))];
        if (!next) return;
        k.preventDefault();
        marked.current = next._id;
        set_cursor(next._id);
        if (chosen.value) chosen.value = next._id;
        const at = rows.indexOf(next);
        const top = list.current!.getBoundingClientRect().top + at * height();
        if (top < 60 || top > innerHeight - 80) scrollBy({ top: top - innerHeight / 2 });
        setTimeout(() => list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(next._id)}"]`)?.focus({ preventScroll: true }), 30);
      } else if (k.key === 'Enter' && marked.current && !chosen.value && i >= 0) {
        chosen.value = marked.current;
      } else if (k.key === 'Escape' && chosen.value) {
        const id = chosen.value;
        chosen.value = null;
        setTimeout(() => list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true }), 30);
      }
    };
    addEventListener('remora:key', key);
    return () => removeEventListener('remora:key', key);
  }, [rows]);
  const h = height();
  const tab_id = rows.slice(view.from, view.to).some((r) => r._id === cursor) ? cursor : rows[view.from]?._id;
  const style = columns.value.length ? vars({ cols: columns.value.length }) : undefined;
  return (
    <div class={`txg ${chosen.value ? '' : 'wide'} ${columns.value.length ? 'more' : ''}`} role="grid" aria-label="Transactions" aria-rowcount={total} style={style} data-testid="rows">
      <div role="rowgroup">
        <div class="txr h" role="row">
          <span role="columnheader" class="sort" aria-sort="descending">Time <Icon name="down" cls="s" /></span><span role="columnheader">Proto</span><span role="columnheader">Client → server</span>
          <span role="columnheader">Request</span><span role="columnheader">Answer</span><span role="columnheader" class="num">Took</span>
          {columns.value.map((c) => (
            <span role="columnheader" key={c} class="cut colh" title={c}>{c}
              <button class="icb sm" aria-label={`Remove column ${c}`} onClick={() => (columns.value = columns.value.filter((x) => x !== c))}><Icon name="x" cls="s" /></button>
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={list} style={{ paddingTop: `${view.from * h}px`, paddingBottom: `${Math.max(0, rows.length - view.to) * h}px` }}>
        {rows.slice(view.from, view.to).map((r, i) => (
          <Row key={r._id} h={r} above={rows[view.from + i - 1]} is_chosen={chosen.value === r._id} is_tab={r._id === tab_id} on_open={() => { set_cursor(r._id); chosen.value = r._id; }} />
        ))}
      </div>
    </div>
  );
}

/* ---- fields ---- */

const TYPE_MARK: Record<string, string> = { long: '#', double: '#', date: '#', keyword: 't', text: 't', ip: 'ip', boolean: 'b', flattened: '{}' };
const OFTEN = ['type', 'status', 'client.ip', 'server.ip', 'server.port', 'http.request.method', 'http.response.status_code', 'url.path', 'url.domain', 'dns.question.name', 'dns.response_code', 'event.duration', 'user_agent.original', 'error.message'];

function FieldValues({ field }: { field: Field }) {
  const is_number = ['long', 'double'].includes(field.type) && !/port|code|status|id$/.test(field.name);
  const { data, error } = use_searches({
    v: { size: 0, query: shown_query(), track_total_hits: true, aggs: { v: { terms: { field: field.name, size: 5 } }, all: { value_count: { field: field.name } }, ...(is_number ? { s: { stats: { field: field.name } } } : {}) } },
  });
  if (error) return <div class="vals"><p>{error}</p></div>;
  const a = data.v?.aggregations;
  if (!a) return <div class="vals"><p>…</p></div>;
  const buckets: Bucket[] = a.v.buckets;
  const all = Number(a.all.value) || 1;
  return (
    <div class="vals">
      <ul>
        {buckets.map((b) => {
          const text = cell_text(b.key_as_string ?? b.key, 200);
          return (
            <li key={text}>
              <span class="w cut" title={text}>{text || '(empty)'}</span><span class="mid">{share(b.doc_count / all)}</span>
              <span class="pm">
                <button class="icb sm" aria-label={`Only ${text}`} onClick={() => add_filter(field.name, b.key_as_string ?? b.key)}><Icon name="plus" cls="s" /></button>
                <button class="icb sm" aria-label={`Without ${text}`} onClick={() => add_filter(field.name, b.key_as_string ?? b.key, true)}><Icon name="minus" cls="s" /></button>
              </span>
              <span class="bar"><i style={vars({ v: `${((b.doc_count / all) * 100).toFixed(1)}%` })} /></span>
            </li>
          );
        })}
      </ul>
      <p>{buckets.length ? `In ${count(Number(a.all.value))} of ${count(data.v!.hits.total.value)}.` : 'No event in this time has it.'}
        {a.v.sum_other_doc_count ? ` ${count(a.v.sum_other_doc_count)} have other values.` : ''}
        {a.s && a.s.count ? ` Mean ${cell_text(Number(a.s.avg).toPrecision(4))}, least ${a.s.min}, most ${a.s.max}.` : ''}</p>
      <p class="act">
        <button class="btn bare sm" onClick={() => (columns.value = columns.value.includes(field.name) ? columns.value.filter((c) => c !== field.name) : [...columns.value, field.name])}>
          <Icon name={columns.value.includes(field.name) ? 'minus' : 'plus'} cls="s" />{columns.value.includes(field.name) ? 'Remove the column' : 'Show as column'}
        </button>
      </p>
    </div>
  );
}

function FieldRow({ f, is_open, on }: { f: Field; is_open: boolean; on: () => void }) {
  return (
    <>
      <button class="fl" aria-expanded={is_open} title={`${f.name}: ${f.help}`} onClick={on}>
        <span class="ty" aria-hidden="true">{TYPE_MARK[f.type] ?? '?'}</span><span class="cut">{f.name}</span>{is_open ? <Icon name="down" cls="s" /> : null}
      </button>
      {is_open ? <FieldValues field={f} /> : null}
    </>
  );
}

function Fields({ rows }: { rows: Hit[] }) {
  const [find, set_find] = useState('');
  const [open, set_open] = useState('');
  const all = schema.value?.fields ?? [];
  const present = useMemo(() => {
    const names = new Set<string>();
    for (const h of rows.slice(0, 200)) for (const f of all) if (!names.has(f.name) && pick(h._source, f.name) !== undefined) names.add(f.name);
    return names;
  }, [rows, all]);
  const fits = all.filter((f) => f.name.includes(find.toLowerCase()) && (find || present.has(f.name)) && f.type !== 'object');
  const shown = fits.filter((f) => columns.value.includes(f.name));
  const often = fits.filter((f) => !columns.value.includes(f.name) && OFTEN.includes(f.name));
  const more = fits.filter((f) => !columns.value.includes(f.name) && !OFTEN.includes(f.name));
  const group = (name: string, list: Field[]) =>
    list.length ? <><h2>{name}<span>{list.length}</span></h2>{list.map((f) => <FieldRow key={f.name} f={f} is_open={open === f.name} on={() => set_open(open === f.name ? '' : f.name)} />)}</> : null;
  return (
    <aside class="fields" aria-label="Fields">
      <div class="find"><Icon name="search" cls="s" /><input type="text" aria-label="Find a field" placeholder="Find a field" value={find} onInput={(e) => set_find(e.currentTarget.value)} /></div>
      {group('Shown', shown)}{group('Often used', often)}{group('More', more)}
      {fits.length === 0 ? <p class="dim nofield">{find ? 'No field has this in its name.' : 'Fields come with the first event.'}</p> : null}
    </aside>
  );
}

/* ---- export ---- */

function download(name: string, mime: string, text: string): void {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([text], { type: mime }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

function csv_cell(v: unknown): string {
  const t = v === undefined || v === null ? '' : typeof v === 'object' ? JSON.stringify(v) : String(v);
  const safe = /^[=+\-@\t\r]/.test(t) && Number.isNaN(Number(t)) ? "'" + t : t; // no formulas in a spreadsheet
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

function Export({ rows }: { rows: Hit[] }) {
  const heads = ['@timestamp', 'type', 'source.ip', 'source.port', 'destination.ip', 'destination.port', 'status', 'query', 'event.duration', ...columns.value];
  return (
    <Popover cls="btn sm" aria="Export" label={<><Icon name="save" /><span>Export</span></>} pop_cls="right">
      {(close) => (
        <>
          <button class="opt two" onClick={() => { download('remora.csv', 'text/csv', [heads.join(','), ...rows.map((r) => heads.map((h) => csv_cell(pick(r._source, h))).join(','))].join('\n') + '\n'); close(); }}>These {count(rows.length)} rows as CSV</button>
          <button class="opt two" onClick={() => { download('remora.ndjson', 'application/x-ndjson', rows.map((r) => JSON.stringify(r._source)).join('\n') + '\n'); close(); }}>These {count(rows.length)} rows as NDJSON</button>
          <button class="opt two" onClick={() => { void navigator.clipboard?.writeText(`curl -s -H 'Content-Type: application/json' '${location.origin}/${index_pattern.value}/_search?pretty' -d '${JSON.stringify({ query: shown_query() }).replace(/'/g, "'\\''")}'`); close(); }}>Copy the search as curl</button>
        </>
      )}
    </Popover>
  );
}

/* ---- the screen ---- */

function Nothing() {
  const newest = use_newest(true, ask.value);
  const w = time_window.value;
  const s = status.value;
  const local = is_local.value;
  const has_filter = query.value !== '' || filters.value.length > 0;
  return (
    <div class="empty" data-testid="nothing">
      <Icon name="search" />
      <h3>Nothing from {day_clock(w.from, local)} to {day_clock(w.to, local)}</h3>
      {newest ? <p>The newest that fits is {span(Math.max(0, now.value - newest))} old, at {day_clock(newest, local)}.</p> : <p>{has_filter ? 'Nothing in the store fits the search.' : 'The store has no transactions yet.'}</p>}
      {!newest && s && !has_filter ? <WhyNothing /> : null}
      <div class="do">
        {newest ? <button class="btn main" onClick={() => set_window(newest - 7.5 * 60e3, newest + 7.5 * 60e3)}>Go to {clock(newest, local, 'min')}</button> : null}
        {has_filter ? <button class="btn" onClick={() => { query.value = ''; filters.value = []; }}>Drop the search</button> : null}
      </div>
    </div>
  );
}

/** The reasons that the server knows of why nothing, or not everything, is seen. */
export function WhyNothing() {
  const list = status.value?.capture.unseen ?? [];
  return (
    <ul class="whys">
      {list.map((u) => <li key={u.kind + u.text} class="note"><Icon name="info" /><span><b>{u.kind === 'bridge_not_captured' ? `${u.text} is not captured.` : u.text}</b> {u.hint}</span></li>)}
    </ul>
  );
}

function Histogram() {
  const w = time_window.value;
  const step = step_of(w);
  const filters_agg: Record<string, unknown> = {};
  for (const o of OUTCOMES) filters_agg[o.id] = OUTCOME_QUERY[o.id];
  const { data, error } = use_searches({
    h: { size: 0, query: whole(), aggs: { o: { filters: { filters: filters_agg }, aggs: { t: { date_histogram: { field: '@timestamp', fixed_interval: `${step}ms`, min_doc_count: 0 } } } } } },
  });
  if (error) return <Failed text={error} />;
  const from = Math.floor(w.from / step) * step;
  const n = Math.ceil((w.to - from) / step);
  const times = Array.from({ length: n }, (_, i) => from + i * step);
  const counts: Record<Outcome, number[]> = { ok: [], cerr: [], serr: [], none: [] };
  for (const o of OUTCOMES) {
    counts[o.id] = times.map(() => 0);
    for (const b of (data.h?.aggregations?.o?.buckets?.[o.id]?.t?.buckets ?? []) as Bucket[]) {
      const i = Math.round((Number(b.key) - from) / step);
      if (i >= 0 && i < n) counts[o.id][i] = b.doc_count;
    }
  }
  const sum = (o: Outcome) => counts[o].reduce((a, b) => a + b, 0);
  const gaps = (status.value?.sensor_gaps ?? []).map((g) => ({ from: Date.parse(g.from), to: Date.parse(g.to) }));
  return (
    <Waterline
      w={{ from, to: from + n * step }} step={step} times={times} counts={counts} height={116} gaps={gaps} on_brush={(a, b) => set_window(a, b)}
      label={`Events in steps of ${span(step)}: ${OUTCOMES.map((o) => `${o.word} ${count(sum(o.id))}`).join(', ')}. Drag to choose a time.`}
    />
  );
}

export function Discover() {
  const is_over = useRef(false);
  const [rows, more] = use_rows();
  use_live(() => !is_over.current && scrollY < 40);
  const list = useMemo(() => {
    const known = new Set(rows.hits.map((h) => h._id));
    const live = fresh.value.filter((h) => !known.has(h._id));
    return live.length ? [...live, ...rows.hits].sort((a, b) => time_of(b) - time_of(a)) : rows.hits;
  }, [rows.hits, fresh.value]);
  const open = list.find((h) => h._id === chosen.value) ?? null;
  const at = open ? list.indexOf(open) : -1;
  useEffect(() => {
    const key = (e: Event) => {
      const k = (e as CustomEvent<KeyboardEvent>).detail;
      const el = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>('[data-field]');
      if ((k.key === 'f' || k.key === 'x') && el) add_filter(el.dataset.field!, el.dataset.value!, k.key === 'x');
    };
    addEventListener('remora:key', key);
    return () => removeEventListener('remora:key', key);
  }, []);
  const total = rows.total + (list.length - rows.hits.length);
  const noun = filters.value.some((f) => f.field === 'type' && !f.not && f.value === 'flow') ? 'flows' : 'events';
  return (
    <div class={`disc ${open ? '' : 'nodet'}`}>
      <Fields rows={rows.hits} />
      <section class="res" aria-label="Results">
        <div class="bar1">
          <h1 aria-live="polite" data-testid="hits" data-count={total}>{rows.is_loading && !rows.hits.length ? '…' : `${count(total)} ${total === 1 ? noun.replace(/s$/, '') : noun}`}</h1>
          {(status.value?.capture.completeness ?? 1) < 1 ? <span class="tag"><Icon name="part" />{share(status.value!.capture.completeness)} seen</span> : null}
          <span class="end">
            <FlowSwitch />
            <Export rows={list} />
          </span>
        </div>
        <Histogram />
        {waiting.value ? <button class="txr live" onClick={() => { dispatchEvent(new Event('remora:show')); scrollTo({ top: 0 }); }}>{count(waiting.value)} new, press p or click</button> : null}
        {rows.error ? <Failed text={rows.error} /> : null}
        {list.length === 0 && !rows.error ? rows.is_loading ? <Loading /> : <Nothing /> : (
          <div onMouseEnter={() => (is_over.current = true)} onMouseLeave={() => (is_over.current = false)}><Grid rows={list} on_more={more} total={total} /></div>
        )}
        {list.length >= MAX_ROWS ? <p class="dim endnote">The first {count(MAX_ROWS)} are shown. Narrow the search or the time to see the others.</p> : null}
      </section>
      {open ? (
        <Detail
          key={open._id} hit={open} on_close={() => (chosen.value = null)}
          on_previous={at > 0 ? () => (chosen.value = list[at - 1]!._id) : undefined} on_next={at < list.length - 1 ? () => (chosen.value = list[at + 1]!._id) : undefined}
        />
      ) : chosen.value && !rows.is_loading ? <Lost id={chosen.value} /> : null}
    </div>
  );
}

/** A link to an event that the list does not hold: asked for by itself. */
function Lost({ id }: { id: string }) {
  const { data } = use_searches({ d: { size: 1, query: { ids: { values: [id] } } } });
  const hit = data.d?.hits.hits[0];
  return hit ? <Detail key={id} hit={hit} on_close={() => (chosen.value = null)} /> : null;
}

function FlowSwitch() {
  const without = filters.value.some((f) => f.field === 'type' && f.value === 'flow' && f.not && !f.off);
  return (
    <button class="btn bare sm" aria-pressed={without} onClick={() => {
      const rest = filters.value.filter((f) => !(f.field === 'type' && f.value === 'flow'));
      filters.value = without ? rest : [...rest, { field: 'type', value: 'flow', not: true, off: false }];
    }}>{without ? 'Show flows' : 'Hide flows'}</button>
  );
}


/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: indices, capture, the effective settings, about. */
import { useEffect, useState } from 'preact/hooks';
import { get, Index, index_pattern, pick, schema, Source, status, use_searches } from './api.ts';
import { bytes, cell_text, count, latency, memory, share, span } from './format.ts';
import { Failed, Icon, Panel, vars } from './parts.tsx';
import { href, is_local, read, sub_screen, write } from './state.ts';
import { day_clock } from './time.ts';

const SECTIONS = [
  { id: 'indices', name: 'Indices', icon: 'disk' },
  { id: 'capture', name: 'Capture', icon: 'plug' },
  { id: 'options', name: 'All settings', icon: 'gear' },
  { id: 'about', name: 'About', icon: 'info' },
];

function use_get<T>(path: string): [T | null, string | null, () => void] {
  const [data, set_data] = useState<T | null>(null);
  const [error, set_error] = useState<string | null>(null);
  const [turn, set_turn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    get<T>(path, abort.signal).then((d) => { set_data(d); set_error(null); }, (e: Error) => { if (e.name !== 'AbortError') set_error(e.message); });
    return () => abort.abort();
  }, [path, turn]);
  return [data, error, () => set_turn(turn + 1)];
}

interface Pattern {
  name: string;
  time_field: string;
}

function kept_patterns(): Pattern[] {
  try {
    const list: unknown = JSON.parse(read('patterns') ?? '[]');
    return Array.isArray(list) ? list.filter((p): p is Pattern => typeof p?.name === 'string' && typeof p?.time_field === 'string').slice(0, 50) : [];
  } catch {
    return [];
  }
}

function fits(pattern: string, name: string): boolean {
  const one = (p: string) => new RegExp('^' + p.trim().split('*').map((x) => x.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*') + '$').test(name);
  return pattern.split(',').some((p) => one(p) || (p.startsWith('packetbeat-') && name.startsWith('remora-traffic-') && one(p.replace('packetbeat-', 'remora-traffic-')))) ;
}

function Indices() {
  const [list, error, refresh] = use_get<Index[]>('/_cat/indices?format=json&bytes=b');
  const [patterns, set_patterns] = useState<Pattern[]>(kept_patterns());
  const [name, set_name] = useState('packetbeat-*');
  const [time_field, set_time_field] = useState('@timestamp');
  const [find, set_find] = useState('');
  const { data } = use_searches({ newest: { size: 1, sort: [{ '@timestamp': 'desc' }], query: { match_all: {} } } });
  const newest: Source = data.newest?.hits.hits[0]?._source ?? {};
  const s = status.value;
  const rows = (list ?? []).slice().sort((a, b) => (a.index < b.index ? 1 : -1));
  const total = rows.reduce((n, r) => n + Number(r['store.size']), 0);
  const docs = rows.reduce((n, r) => n + Number(r['docs.count']), 0);
  const most = Math.max(...rows.map((r) => Number(r['store.size'])), 1);
  const matched = rows.filter((r) => fits(name, r.index)).length;
  const all_patterns: Pattern[] = [{ name: index_pattern.value, time_field: '@timestamp' }, ...patterns.filter((p) => p.name !== index_pattern.value)];
  const fields = schema.value?.fields.filter((f) => f.type !== 'object' && (!find || f.name.includes(find))) ?? [];
  const dates = schema.value?.fields.filter((f) => f.type === 'date') ?? [];
  const keep = (next: Pattern[]) => {
    set_patterns(next);
    write('patterns', JSON.stringify(next));
  };
  const days = s?.store.oldest && s.store.newest ? Math.max(1 / 24, (Date.parse(s.store.newest) - Date.parse(s.store.oldest)) / 86400e3) : 0;
  const age = s?.store.retention_age_ns ? s.store.retention_age_ns / 1e6 : 0;
  return (
    <>
      <div class="ph"><h1>Indices</h1><span class="dim">{count(docs)} events in {bytes(total)}{docs ? `, ${count(Math.round(total / docs))} bytes each` : ''}</span>
        <span class="end"><button class="btn sm" onClick={refresh}><Icon name="refresh" />Refresh</button></span></div>
      {error ? <Failed text={error} /> : null}
      <div class="g">
        <Panel title="Kept on this disk" width={12}>
          <div class="keep" role="img" aria-label={`Events ${bytes(total)}, free ${bytes(s?.store.free_bytes ?? 0)}`}>
            <i style={vars({ v: `${((total / (total + (s?.store.free_bytes ?? 1))) * 100).toFixed(2)}%`, c: 'var(--ok)' })} />
          </div>
          <ul class="legend under"><li><span class="sw" style={vars({ c: 'var(--ok)' })} />Events <b>{bytes(total)}</b></li><li><span class="sw" style={vars({ c: 'var(--track)' })} />Free <b>{bytes(s?.store.free_bytes ?? 0)}</b></li></ul>
          <p class="mid under">
            {days && docs ? `${bytes(total / days)} a day. ` : ''}{age ? `Events go after ${span(age)}. ` : ''}{s?.store.retention_bytes ? `The oldest days go when the store grows beyond ${memory(s.store.retention_bytes)}. ` : ''}
            {s?.store.oldest ? `Oldest event: ${day_clock(Date.parse(s.store.oldest), is_local.value)}.` : 'There is no event yet.'}
          </p>
          {s && !s.store.writable && s.store.trouble ? <p class="note serr under"><Icon name="serr" cls="sl" /><span><b>The store takes no events.</b> {s.store.trouble}</span></p> : null}
        </Panel>
        <Panel title="Index patterns" width={12} flush>
          <form class="formgrid pad" onSubmit={(e) => { e.preventDefault(); if (name.trim()) keep([...patterns.filter((p) => p.name !== name.trim()), { name: name.trim(), time_field }]); }}>
            <div class="field"><label for="pattern">Index name or pattern</label><input id="pattern" class="inp w" value={name} onInput={(e) => set_name(e.currentTarget.value)} /></div>
            <div class="field"><label for="time-field">Time field</label><select id="time-field" class="inp w" value={time_field} onChange={(e) => set_time_field(e.currentTarget.value)}>{dates.map((f) => <option key={f.name} value={f.name}>{f.name}</option>)}</select></div>
            <button class="btn main">Create</button>
          </form>
          <p class="mid pad2">{matched ? <><Icon name="ok" cls="ok-dot s" /> <b>Matches {matched} {matched === 1 ? 'index' : 'indices'}</b></> : <>No index matches.</>} {name.startsWith('packetbeat-') ? 'packetbeat-* is an alias of the traffic indexes.' : ''}</p>
          <div class="scroll" tabIndex={0} role="region" aria-label="Index patterns, table">
            <table class="t"><thead><tr><th scope="col">Pattern</th><th scope="col">Time field</th><th scope="col" class="num">Fields</th><th scope="col" class="num">Indices</th><th scope="col"><span class="vh">Actions</span></th></tr></thead>
              <tbody>{all_patterns.map((p, i) => (
                <tr key={p.name}><td class="w">{p.name} {i === 0 ? <span class="tag ok"><Icon name="star" />default</span> : null}</td><td class="w">{p.time_field}</td><td class="num">{count(schema.value?.fields.length ?? 0)}</td><td class="num">{rows.filter((r) => fits(p.name, r.index)).length}</td>
                  <td class="num">{i ? <button class="icb sm" aria-label={`Remove ${p.name}`} onClick={() => keep(patterns.filter((x) => x.name !== p.name))}><Icon name="trash" /></button> : null}</td></tr>
              ))}</tbody></table>
          </div>
        </Panel>
        <Panel title="Indices" width={12} flush end={<code class="dim">GET /_cat/indices?v</code>} is_empty={!rows.length} empty="No index yet: the first comes with the first event." testid="indices">
          <div class="scroll" tabIndex={0} role="region" aria-label="Indices, table">
            <table class="t"><thead><tr><th scope="col">Index</th><th scope="col">Health</th><th scope="col" class="num">Events</th><th scope="col">Size</th></tr></thead>
              <tbody>{rows.map((r) => (
                <tr key={r.index}><td class="w">{r.index}</td><td><span class={`st ${r.health === 'green' ? 'ok' : 'cerr'}`}><Icon name={r.health === 'green' ? 'ok' : 'cerr'} />{r.health === 'green' ? 'good' : r.health}</span></td><td class="num">{count(Number(r['docs.count']))}</td>
                  <td><span class="meter"><i style={vars({ v: `${((Number(r['store.size']) / most) * 100).toFixed(0)}%` })} /><b>{bytes(Number(r['store.size']))}</b></span></td></tr>
              ))}</tbody></table>
          </div>
        </Panel>
        <Panel title={`Fields of ${index_pattern.value}`} sub={`${fields.length} of ${schema.value?.fields.length ?? 0}`} width={12} flush
          end={<input class="inp w findf" type="text" placeholder="Find a field" aria-label="Find a field of the index" value={find} onInput={(e) => set_find(e.currentTarget.value)} />}>
          <div class="scroll tall" tabIndex={0} role="region" aria-label="Fields">
            <table class="t"><thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Searchable</th><th scope="col">Can be grouped</th><th scope="col">Newest value</th><th scope="col">Means</th></tr></thead>
              <tbody>{fields.map((f) => (
                <tr key={f.name}><td class="w">{f.name}</td><td>{f.type}</td><td><Icon name="check" cls="s" /><span class="vh">yes</span></td><td>{f.type === 'text' ? <span class="dim">no</span> : <><Icon name="check" cls="s" /><span class="vh">yes</span></>}</td><td class="w grow2">{cell_text(f.name.includes('duration') && pick(newest, f.name) !== undefined ? latency(Number(pick(newest, f.name))) : pick(newest, f.name), 60)}</td><td class="mid">{f.help}{f.aliases.length ? <span class="dim"> Also {f.aliases.join(', ')}.</span> : null}</td></tr>
              ))}</tbody></table>
          </div>
        </Panel>
      </div>
    </>
  );
}

function Capture() {
  const s = status.value;
  if (!s) return null;
  return (
    <>
      <div class="ph"><h1>Capture</h1><span class="dim">{share(s.capture.completeness)} of the packets were seen</span></div>
      <div class="g">
        <Panel title="Interfaces" width={6} flush>
          <div class="scroll" tabIndex={0} role="region" aria-label="Interfaces, table"><table class="t"><thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Captured</th></tr></thead>
            <tbody>{s.capture.interfaces.map((i) => <tr key={i.name}><td class="w">{i.name}{i.bridge ? <span class="dim"> bridge</span> : null}</td><td>{i.up ? 'up' : <span class="dim">down</span>}</td><td>{i.captured ? <span class="st ok"><Icon name="ok" />yes</span> : <span class="dim">no</span>}</td></tr>)}</tbody></table></div>
        </Panel>
        <Panel title="Processes" width={6} flush>
          <div class="scroll" tabIndex={0} role="region" aria-label="Processes, table"><table class="t"><thead><tr><th scope="col">Process</th><th scope="col" class="num">PID</th><th scope="col" class="num">CPU time</th><th scope="col" class="num">Memory</th><th scope="col" class="num">Restarts</th></tr></thead>
            <tbody>{s.processes.map((p) => <tr key={p.name}><td class="w">remora-{p.name}</td><td class="num">{p.pid}</td><td class="num">{latency(p.cpu_seconds * 1e9)}</td><td class="num">{memory(p.rss)}</td><td class="num">{p.restarts ? <span class="st cerr"><Icon name="cerr" />{p.restarts}</span> : 0}</td></tr>)}</tbody></table></div>
        </Panel>
        <Panel title="Counters" sub="every packet, drop, gap, eviction and truncation; also under /metrics" width={12} flush>
          <div class="scroll" tabIndex={0} role="region" aria-label="Counters, table"><table class="t"><thead><tr><th scope="col">Counter</th><th scope="col" class="num">Value</th><th scope="col">Means</th></tr></thead>
            <tbody>
              <tr><td class="w">capture.packets</td><td class="num">{count(s.capture.packets)}</td><td class="mid">Packets that the sensor took from the kernel.</td></tr>
              <tr><td class="w">capture.drops</td><td class="num">{count(s.capture.drops)}</td><td class="mid">Packets that the kernel dropped before the sensor saw them.</td></tr>
              {s.counters.map((c) => <tr key={c.name}><td class="w">{c.name}</td><td class="num">{count(c.value)}</td><td class="mid">{c.help}</td></tr>)}
            </tbody></table></div>
        </Panel>
      </div>
    </>
  );
}

function Options() {
  const [find, set_find] = useState('');
  const list = (schema.value?.settings ?? []).filter((o) => JSON.stringify(o).toLowerCase().includes(find.toLowerCase()));
  return (
    <>
      <div class="ph"><h1>All settings</h1><span class="dim">as they are in effect; a file given by -c or -E on the command line changes them</span></div>
      <div class="g">
        <Panel title="Settings" sub={`${list.length}`} width={12} flush end={<input class="inp w findf" type="text" placeholder="Find a setting" aria-label="Find a setting" value={find} onInput={(e) => set_find(e.currentTarget.value)} />}>
          <div class="scroll" tabIndex={0} role="region" aria-label="Settings, table"><table class="t"><thead><tr><th scope="col">Name</th><th scope="col">Value</th><th scope="col">Default</th><th scope="col">Means</th></tr></thead>
            <tbody>{list.map((o) => <tr key={o.name}><td class="w">{o.name}</td><td class="w grow2">{cell_text(o.value, 80)}</td><td class="w dim grow2">{cell_text(o.default, 60)}</td><td class="mid">{cell_text(o.help, 300)}</td></tr>)}</tbody></table></div>
        </Panel>
      </div>
    </>
  );
}

function About() {
  const s = status.value;
  return (
    <>
      <div class="ph"><h1>About</h1></div>
      <div class="g">
        <Panel title="remora" width={6}>
          <dl class="kv"><dt>version</dt><dd>{s?.version ?? '–'}</dd><dt>host</dt><dd>{s?.hostname ?? '–'}</dd><dt>started</dt><dd>{s ? day_clock(Date.parse(s.started), is_local.value) : '–'}</dd><dt>licence</dt><dd>Apache-2.0</dd></dl>
        </Panel>
        <Panel title="With the work of others" width={6}>
          <dl class="kv wide">
            <dt>Preact, signals</dt><dd>MIT licence, © Jason Miller and contributors</dd><dt>DuckDB</dt><dd>MIT licence, © Stichting DuckDB Foundation</dd>
            <dt>libmicrohttpd</dt><dd>LGPL-2.1 or later</dd><dt>jansson, libyaml</dt><dd>MIT licence</dd><dt>libmaxminddb</dt><dd>Apache-2.0</dd><dt>zlib, brotli, zstd</dt><dd>zlib, MIT and BSD licences</dd>
            <dt>country data</dt><dd><a href="https://db-ip.com" target="_blank" rel="noopener noreferrer">IP geolocation by DB-IP</a>, CC BY 4.0</dd>
          </dl>
        </Panel>
      </div>
    </>
  );
}

export function Settings() {
  const id = sub_screen.value || 'indices';
  return (
    <div class="set">
      <nav class="side" aria-label="Settings"><ul>{SECTIONS.map((x) => <li key={x.id}><a href={href({ screen: 'settings', sub: x.id })} aria-current={id === x.id ? 'page' : undefined}><Icon name={x.icon} />{x.name}</a></li>)}</ul></nav>
      <div class="setb">{id === 'capture' ? <Capture /> : id === 'options' ? <Options /> : id === 'about' ? <About /> : <Indices />}</div>
    </div>
  );
}

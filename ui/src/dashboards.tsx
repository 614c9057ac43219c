/* SPDX-License-Identifier: Apache-2.0 */
/* Dashboards by protocol, with the panels and names of Packetbeat's dashboards of 2016. */
import { Bucket, pick, use_searches, Body } from './api.ts';
import { BarList, Donut, LatencyHistogram, Legend, Lines, Stacked } from './charts.tsx';
import { bytes, cell_text, count, latency, share, short, span } from './format.ts';
import { Icon, Latency, Panel, PlainTable, vars } from './parts.tsx';
import { add_filter, filters, href, is_local, set_window, sub_screen, time_window, whole } from './state.ts';
import { clock, step_of } from './time.ts';
import { country, on_steps, steps_of } from './overview.tsx';
import { Query } from './kql.ts';

const SERIES = ['var(--p-web)', 'var(--p-rpc)', 'var(--p-infra)', 'var(--p-db)', 'var(--p-cache)', 'var(--p-other)'];

const BOARDS: { id: string; name: string; query: Query }[] = [
  { id: 'http', name: 'Web transactions', query: { term: { type: 'http' } } },
  { id: 'dns', name: 'DNS', query: { term: { type: 'dns' } } },
  { id: 'icmp', name: 'ICMP', query: { term: { type: 'icmp' } } },
  { id: 'flows', name: 'Flows', query: { term: { type: 'flow' } } },
];

function histogram(step: number) {
  return { date_histogram: { field: '@timestamp', fixed_interval: `${step}ms`, min_doc_count: 0 } };
}

function Navigation() {
  const bodies: Record<string, Body> = {};
  for (const b of BOARDS) bodies[b.id] = { size: 0, track_total_hits: true, query: whole(b.query) };
  const { data } = use_searches(bodies);
  return (
    <Panel title="Navigation" width={3} cls="navp">
      <nav class="nav" aria-label="Dashboards">
        <a href={href({ screen: 'overview' })}>Overview<small /></a>
        {BOARDS.map((b) => (
          <a key={b.id} href={href({ screen: 'dashboard', sub: b.id })} aria-current={sub_screen.value === b.id ? 'page' : undefined}>{b.name}<small>{data[b.id] ? short(data[b.id]!.hits.total.value) : ''}</small></a>
        ))}
      </nav>
    </Panel>
  );
}

const PERCENTILES = [
  { p: '99.0', name: '99th', color: 'var(--part)', dashed: true },
  { p: '95.0', name: '95th', color: 'var(--accent)' },
  { p: '50.0', name: 'median', color: 'var(--ok)' },
];

const LOG_STEPS = Array.from({ length: 26 }, (_, i) => Math.round(1e5 * 10 ** (i / 5)));

/** Ranges of a log scale as filters: five bars for each decade from 0.1 ms to 10 s. */
function latency_filters(): Record<string, Query> {
  const out: Record<string, Query> = {};
  LOG_STEPS.forEach((a, i) => {
    const range: Record<string, number> = {};
    if (i > 0) range.gte = a;
    if (i < LOG_STEPS.length - 1) range.lt = LOG_STEPS[i + 1]!;
    out[`b${i}`] = { range: { 'event.duration': range } };
  });
  return out;
}

interface Board {
  title: string;
  testid: string;
  total_title: string;
  query: Query;
  by: { field: string; title: string };
  ask: { title: string; field: string; head: string };
  code: { field: string; title: string; evolution: string; only_errors?: Query; color: (key: string) => { color: string; icon: 'ok' | 'cerr' | 'serr' | 'none' } };
  who: { field: string; title: string };
}

const http_color = (key: string): { color: string; icon: 'ok' | 'cerr' | 'serr' } => (Number(key) >= 500 ? { color: 'var(--serr)', icon: 'serr' } : Number(key) >= 400 ? { color: 'var(--cerr)', icon: 'cerr' } : { color: 'var(--ok)', icon: 'ok' });
const dns_color = (key: string): { color: string; icon: 'ok' | 'cerr' | 'serr' } => (key === 'NOERROR' ? { color: 'var(--ok)', icon: 'ok' } : key === 'SERVFAIL' ? { color: 'var(--serr)', icon: 'serr' } : { color: 'var(--cerr)', icon: 'cerr' });

const TRANSACTION_BOARDS: Record<string, Board> = {
  http: {
    title: 'Web transactions', testid: 'http', total_title: 'Total number of HTTP transactions', query: { term: { type: 'http' } },
    by: { field: 'destination.ip', title: 'Web transactions' }, ask: { title: 'Top 10 HTTP requests', field: 'query', head: 'Request' },
    code: { field: 'http.response.status_code', title: 'HTTP error codes', evolution: 'HTTP error codes evolution', only_errors: { range: { 'http.response.status_code': { gte: 400 } } }, color: http_color },
    who: { field: 'url.domain', title: 'Top hosts' },
  },
  dns: {
    title: 'DNS', testid: 'dns', total_title: 'Total number of DNS transactions', query: { term: { type: 'dns' } },
    by: { field: 'dns.question.type', title: 'DNS transactions' }, ask: { title: 'Top 10 DNS questions', field: 'dns.question.name', head: 'Name' },
    code: { field: 'dns.response_code', title: 'DNS response codes', evolution: 'DNS response codes evolution', color: dns_color },
    who: { field: 'dns.question.registered_domain', title: 'Top domains' },
  },
  icmp: {
    title: 'ICMP', testid: 'icmp', total_title: 'Total number of ICMP transactions', query: { term: { type: 'icmp' } },
    by: { field: 'destination.ip', title: 'ICMP transactions' }, ask: { title: 'Top 10 ICMP requests', field: 'path', head: 'Address' },
    code: { field: 'status', title: 'ICMP outcomes', evolution: 'ICMP outcomes evolution', color: (k) => (k === 'OK' ? { color: 'var(--ok)', icon: 'ok' } : { color: 'var(--serr)', icon: 'serr' }) },
    who: { field: 'destination.ip', title: 'Top targets' },
  },
};

function TransactionBoard({ b }: { b: Board }) {
  const asked = time_window.value;
  const step = step_of(asked);
  const { w, times } = steps_of(asked, step);
  const { data, error, is_loading } = use_searches({
    total: { size: 0, track_total_hits: true, query: whole(b.query), aggs: { t: histogram(step), ok: { filter: { term: { status: 'OK' } } } } },
    by: { size: 0, query: whole(b.query), aggs: { k: { terms: { field: b.by.field, size: 5 }, aggs: { t: histogram(step) } } } },
    codes: { size: 0, track_total_hits: true, query: whole(b.query, ...(b.code.only_errors ? [b.code.only_errors] : [])), aggs: { k: { terms: { field: b.code.field, size: 6 }, aggs: { t: histogram(step) } } } },
    top_codes: { size: 0, query: whole(b.query), aggs: { k: { terms: { field: b.ask.field, size: 8 }, aggs: { c: { terms: { field: b.code.field, size: 6 } } } } } },
    lat: { size: 0, query: whole(b.query), aggs: { t: { ...histogram(step), aggs: { p: { percentiles: { field: 'event.duration', percents: [50, 95, 99] } } } }, p: { percentiles: { field: 'event.duration', percents: [50, 95, 99] } } } },
    hist: { size: 0, query: whole(b.query), aggs: { h: { filters: { filters: latency_filters() } } } },
    top: { size: 0, query: whole(b.query), aggs: { k: { terms: { field: b.ask.field, size: 10 }, aggs: { p: { percentiles: { field: 'event.duration', percents: [50, 95] } }, e: { filter: { bool: { must_not: [{ term: { status: 'OK' } }] } } } } } } },
    who: { size: 0, query: whole(b.query), aggs: { w: { terms: { field: b.who.field, size: 6 } }, c: { terms: { field: 'source.geo.country_iso_code', size: 6 } }, i: { terms: { field: 'source.ip', size: 6 } } } },
  });
  const total = data.total?.hits.total.value ?? 0;
  const ok = data.total?.aggregations?.ok?.doc_count ?? 0;
  const by: Bucket[] = data.by?.aggregations?.k?.buckets ?? [];
  const codes: Bucket[] = data.codes?.aggregations?.k?.buckets ?? [];
  const lat: Bucket[] = data.lat?.aggregations?.t?.buckets ?? [];
  const all_p = data.lat?.aggregations?.p?.values ?? {};
  const top: Bucket[] = data.top?.aggregations?.k?.buckets ?? [];
  const top_codes: Bucket[] = data.top_codes?.aggregations?.k?.buckets ?? [];
  const most = Math.max(...top_codes.map((x) => x.doc_count), 1);
  const who: Bucket[] = data.who?.aggregations?.w?.buckets ?? [], where: Bucket[] = data.who?.aggregations?.c?.buckets ?? [], clients: Bucket[] = data.who?.aggregations?.i?.buckets ?? [];
  const hist = LOG_STEPS.map((from, i) => ({ from, count: data.hist?.aggregations?.h?.buckets?.[`b${i}`]?.doc_count ?? 0 }));
  const state = { error, is_loading };
  const none = !total;
  const brush = (x: number, y: number) => set_window(x, y);
  const p_values = (p: string) => on_steps(lat, w, step, (x) => Number(x.p?.values?.[p] ?? NaN)).map((v) => (v === 0 ? NaN : v));
  const by_all = by.reduce((n, x) => n + x.doc_count, 0);
  const series = by.map((x, i) => ({ name: String(x.key), color: SERIES[i]!, values: on_steps(x.t?.buckets, w, step), value: short(x.doc_count) }));
  if (total > by_all && by.length) {
    const rest = on_steps(data.total?.aggregations?.t?.buckets, w, step).map((n, i) => n - series.reduce((s, x) => s + (x.values[i] ?? 0), 0));
    series.push({ name: 'others', color: SERIES[5]!, values: rest, value: short(total - by_all) });
  }
  return (
    <>
      <Panel title={b.by.title} sub={`in steps of ${span(step)}, by ${b.by.field === 'destination.ip' ? 'server' : 'type'}`} width={9} {...state} is_empty={none}
        table={{ heads: ['Time', ...series.map((s) => s.name)], rows: times.map((t, i) => [clock(t, is_local.value, 's'), ...series.map((s) => s.values[i] ?? 0)]) }}>
        <Stacked w={w} step={step} times={times} series={series} height={168} on_brush={brush} label={`${b.by.title}: ${series.map((s) => `${s.name} ${s.value}`).join(', ')}`} />
        <div class="under"><Legend series={series} /></div>
      </Panel>
      <Panel title={b.total_title} width={3} error={error} is_loading={is_loading} is_empty={!data.total}>
        <div class="big" data-testid={`${b.testid}-total`} data-count={total}>{count(total)}</div>
        <p class="mid">{short(total / ((asked.to - asked.from) / 1000))} a second</p>
        <dl class="sum"><dt>Success</dt><dd>{count(ok)}</dd><dt>Errors</dt><dd>{count(total - ok)}</dd></dl>
      </Panel>
      <Panel title={b.testid === 'http' ? 'HTTP codes for the top queries' : 'Codes for the top queries'} width={9} {...state} is_empty={!top_codes.length}>
        <div class="sb">
          {top_codes.map((x) => [
            <span key={x.key + 'k'} class="w cut" title={cell_text(x.key)}>{cell_text(x.key, 200)}</span>,
            <span key={x.key + 'b'} class="bar" role="img" aria-label={((x.c?.buckets ?? []) as Bucket[]).map((c) => `${c.key} ${c.doc_count}`).join(', ')}>{((x.c?.buckets ?? []) as Bucket[]).map((c) => <i key={c.key} title={`${c.key}: ${count(c.doc_count)}`} style={vars({ v: `${((c.doc_count / most) * 100).toFixed(1)}%`, c: b.code.color(String(c.key)).icon === 'ok' ? 'var(--ok-soft)' : b.code.color(String(c.key)).color })} />)}</span>,
            <span key={x.key + 'n'} class="num">{count(x.doc_count)}</span>,
          ])}
        </div>
      </Panel>
      <Panel title={b.code.title} width={6} {...state} is_empty={!codes.length} empty="No error in this time." table={{ heads: ['Code', 'Count'], rows: codes.map((x) => [String(x.key), count(x.doc_count)]) }}>
        <Donut unit={b.code.only_errors ? 'errors' : 'answers'} label={`${b.code.title}: ${codes.map((x) => `${x.key} ${count(x.doc_count)}`).join(', ')}`} parts={codes.map((x) => ({ name: String(x.key), value: x.doc_count, ...b.code.color(String(x.key)) }))} />
      </Panel>
      <Panel title={b.code.evolution} width={6} {...state} is_empty={!codes.length} empty="No error in this time.">
        <Lines w={w} times={times} step={step} height={112} format={short} label={`${b.code.evolution}: ${codes.map((x) => `${x.key} ${count(x.doc_count)}`).join(', ')}`}
          series={codes.map((x, i) => ({ name: String(x.key), color: b.code.color(String(x.key)).color, dashed: i > 0 && codes.slice(0, i).some((y) => b.code.color(String(y.key)).color === b.code.color(String(x.key)).color), values: on_steps(x.t?.buckets, w, step) }))} />
        <div class="under"><Legend lines series={codes.map((x) => ({ name: String(x.key), color: b.code.color(String(x.key)).color, value: count(x.doc_count) }))} /></div>
      </Panel>
      <Panel title="Response times percentiles" width={6} {...state} is_empty={none} table={{ heads: ['Time', ...PERCENTILES.map((p) => p.name)], rows: times.map((t, i) => [clock(t, is_local.value, 's'), ...PERCENTILES.map((p) => { const v = p_values(p.p)[i]!; return Number.isFinite(v) ? latency(v) : '–'; })]) }}>
        <Lines w={w} times={times} step={step} height={112} format={latency} label={`Response times: ${PERCENTILES.map((p) => `${p.name} ${latency(Number(all_p[p.p] ?? 0))}`).join(', ')}`}
          series={PERCENTILES.map((p) => ({ name: p.name, color: p.color, dashed: p.dashed ?? false, values: p_values(p.p) }))} />
        <div class="under"><Legend lines series={PERCENTILES.map((p) => ({ name: p.name, color: p.color, value: all_p[p.p] == null ? '–' : latency(Number(all_p[p.p])) }))} /></div>
      </Panel>
      <Panel title="Latency histogram" width={6} {...state} is_empty={none} table={{ heads: ['From', 'Count'], rows: hist.map((x) => [latency(x.from), count(x.count)]) }}>
        <LatencyHistogram buckets={hist} label={`Latencies: most at ${latency(hist.reduce((m, x) => (x.count > m.count ? x : m), hist[0]!).from)}`} />
      </Panel>
      <Panel title={b.ask.title} width={8} flush {...state} is_empty={!top.length}>
        <div class="scroll" tabIndex={0} role="region" aria-label={`${b.ask.title}, table`}>
          <table class="t">
            <thead><tr><th scope="col">{b.ask.head}</th><th scope="col" class="num sort" aria-sort="descending">Count ↓</th><th scope="col" class="num">Median</th><th scope="col" class="num">95th percentile</th><th scope="col" class="num">Errors</th></tr></thead>
            <tbody>{top.map((x) => {
              const e = x.e?.doc_count ?? 0;
              return (
                <tr key={x.key}>
                  <td class="grow"><a class="w" href={href({ screen: 'discover', filters: [...filters.value, { field: b.ask.field, value: String(x.key), not: false, off: false }] })}>{cell_text(x.key, 200)}</a></td>
                  <td class="num">{count(x.doc_count)}</td><td class="num mid">{latency(Number(x.p?.values?.['50.0'] ?? 0))}</td><td><Latency ns={Number(x.p?.values?.['95.0'] ?? 0)} /></td>
                  <td class="num">{e ? <span class="st serr">{share(e / x.doc_count)}</span> : <span class="dim">0 %</span>}</td>
                </tr>
              );
            })}</tbody>
          </table>
        </div>
      </Panel>
      <Panel title="Client locations" width={4} {...state} is_empty={none}>
        <Tops title={where.length ? '' : 'No country is known; clients by address'} rows={where.length ? where : clients} field={where.length ? 'source.geo.country_iso_code' : 'source.ip'} all={total} name={where.length ? country : undefined} />
        {where.length ? <p class="dim attribution">Country data: <a href="https://db-ip.com" target="_blank" rel="noopener noreferrer">IP geolocation by DB-IP</a></p> : null}
      </Panel>
      <Panel title={b.who.title} width={4} {...state} is_empty={!who.length}><Tops rows={who} field={b.who.field} all={total} /></Panel>
      <Panel title="Clients" width={4} {...state} is_empty={!clients.length}><Tops rows={clients} field="source.ip" all={total} /></Panel>
    </>
  );
}

function Tops({ rows, field, all, name, title }: { rows: Bucket[]; field: string; all: number; name?: ((k: string) => string) | undefined; title?: string }) {
  const most = rows[0]?.doc_count || 1;
  return (
    <>
      {title ? <p class="dim">{title}</p> : null}
      <BarList rows={rows.map((b) => ({ key: name ? name(String(b.key)) : cell_text(b.key, 200), value: count(b.doc_count), more: share(b.doc_count / (all || 1)), parts: [{ share: b.doc_count / most }], on_only: () => add_filter(field, b.key), on_not: () => add_filter(field, b.key, true) }))} />
    </>
  );
}

function FlowBoard() {
  const asked = time_window.value;
  const step = step_of(asked);
  const { w, times } = steps_of(asked, step);
  const q: Query = { term: { type: 'flow' } };
  const final: Query = { term: { 'flow.final': true } };
  const { data, error, is_loading } = use_searches({
    total: { size: 0, track_total_hits: true, query: whole(q), aggs: { f: { cardinality: { field: 'flow.id' } }, b: { sum: { field: 'network.bytes' } }, k: { sum: { field: 'network.packets' } } } },
    by: { size: 0, query: whole(q), aggs: { k: { terms: { field: 'network.transport', size: 5 }, aggs: { t: { ...histogram(step), aggs: { b: { sum: { field: 'network.bytes' } } } } } } } },
    src: { size: 0, query: whole(q), aggs: { k: { terms: { field: 'source.ip', size: 8, order: { b: 'desc' } }, aggs: { b: { sum: { field: 'network.bytes' } } } } } },
    dst: { size: 0, query: whole(q), aggs: { k: { terms: { field: 'destination.ip', size: 8, order: { b: 'desc' } }, aggs: { b: { sum: { field: 'network.bytes' } } } } } },
    port: { size: 0, query: whole(q), aggs: { k: { terms: { field: 'destination.port', size: 8 } } } },
    ends: { size: 0, query: whole(q, final), aggs: { k: { terms: { field: 'flow.end_reason', size: 6 } } } },
    big: { size: 10, query: whole(q, final), sort: [{ 'network.bytes': 'desc' }] },
  });
  const by: Bucket[] = data.by?.aggregations?.k?.buckets ?? [];
  const series = by.map((x, i) => ({ name: String(x.key), color: SERIES[i]!, values: on_steps(x.t?.buckets, w, step, (v) => v.b?.value ?? 0) }));
  const state = { error, is_loading };
  const sums = (name: 'src' | 'dst', field: string) => {
    const list: Bucket[] = data[name]?.aggregations?.k?.buckets ?? [];
    const most = list[0]?.b?.value || 1;
    return <BarList rows={list.map((b) => ({ key: String(b.key), value: bytes(b.b.value), parts: [{ share: b.b.value / most }], on_only: () => add_filter(field, b.key), on_not: () => add_filter(field, b.key, true) }))} />;
  };
  const ports: Bucket[] = data.port?.aggregations?.k?.buckets ?? [], ends: Bucket[] = data.ends?.aggregations?.k?.buckets ?? [];
  const total = data.total?.aggregations;
  return (
    <>
      <Panel title="Bytes of flows" sub={`in steps of ${span(step)}, by transport`} width={9} {...state} is_empty={!by.length}>
        <Stacked w={w} step={step} times={times} series={series} height={168} format={bytes} on_brush={(a, b) => set_window(a, b)} label={`Bytes of flows by transport: ${by.map((b) => b.key).join(', ')}`} />
        <div class="under"><Legend series={series} /></div>
      </Panel>
      <Panel title="Flows" width={3} {...state} is_empty={!total}>
        <div class="big" data-testid="flows-total" data-count={total?.f?.value ?? 0}>{short(total?.f?.value ?? 0)}</div>
        <dl class="sum"><dt>Reports</dt><dd>{count(data.total?.hits.total.value ?? 0)}</dd><dt>Bytes</dt><dd>{bytes(total?.b?.value ?? 0)}</dd><dt>Packets</dt><dd>{count(total?.k?.value ?? 0)}</dd></dl>
      </Panel>
      <Panel title="Sources" sub="bytes" width={4} {...state} is_empty={!by.length}>{sums('src', 'source.ip')}</Panel>
      <Panel title="Destinations" sub="bytes" width={4} {...state} is_empty={!by.length}>{sums('dst', 'destination.ip')}</Panel>
      <Panel title="Ports" sub="reports" width={2} {...state} is_empty={!ports.length}><Tops rows={ports} field="destination.port" all={data.total?.hits.total.value ?? 1} /></Panel>
      <Panel title="How they ended" width={2} {...state} is_empty={!ends.length}><Tops rows={ends} field="flow.end_reason" all={ends.reduce((n, b) => n + b.doc_count, 0)} /></Panel>
      <Panel title="Largest flows" width={12} flush {...state} is_empty={!data.big?.hits.hits.length}>
        <PlainTable label="Largest flows" data={{ heads: ['From', 'To', 'Transport', 'Lasted', 'Packets', 'Bytes', 'Sent again', 'State'], rows: (data.big?.hits.hits ?? []).map((h) => {
          const s = h._source;
          const end = (d: string) => `${pick(s, `${d}.ip`) ?? ''}${pick(s, `${d}.port`) !== undefined ? `:${pick(s, `${d}.port`)}` : ''}`;
          return [end('source'), end('destination'), cell_text(pick(s, 'network.transport')), latency(Number(pick(s, 'event.duration') ?? 0)), count(Number(pick(s, 'network.packets') ?? 0)), bytes(Number(pick(s, 'network.bytes') ?? 0)),
            count(Number(pick(s, 'flow.source.retransmissions') ?? 0) + Number(pick(s, 'flow.destination.retransmissions') ?? 0)), cell_text(pick(s, 'flow.state'))];
        }) }} />
      </Panel>
    </>
  );
}

export function Dashboard() {
  const id = sub_screen.value || 'http';
  const board = TRANSACTION_BOARDS[id];
  const name = BOARDS.find((b) => b.id === id)?.name ?? 'Web transactions';
  return (
    <>
      <div class="ph"><h1>{name}</h1><span class="dim">{id === 'flows' ? 'connections and their bytes' : "Packetbeat's panels, same names"}</span>
        <span class="end"><a class="btn sm" href={href({ screen: 'discover', filters: [...filters.value, { field: 'type', value: id === 'flows' ? 'flow' : id, not: false, off: false }] })}><Icon name="list" />Show the events</a></span></div>
      <div class="g">
        <Navigation />
        {id === 'flows' ? <FlowBoard /> : <TransactionBoard key={id} b={board ?? TRANSACTION_BOARDS.http!} />}
      </div>
    </>
  );
}

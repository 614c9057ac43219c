/* SPDX-License-Identifier: Apache-2.0 */
/* Overview: is something wrong, since when, and where to look. */
import { Bucket, index_pattern, rates, Status, status, use_searches } from './api.ts';
import { OutcomeLegend, Spark, Stacked, Waterline, BarList } from './charts.tsx';
import { bytes, cell_text, count, latency, share, short, span, split_unit } from './format.ts';
import { WhyNothing } from './discover.tsx';
import { family_of, Outcome, OUTCOMES, OUTCOME_QUERY, proto_name, TRANSACTIONS } from './outcome.ts';
import { Icon, Latency, Panel, Proto } from './parts.tsx';
import { add_filter, ask, filters, href, is_local, set_window, time_query, time_window, whole } from './state.ts';
import { clock, step_of, Window } from './time.ts';

const FAMILY_COLOR: Record<string, string> = { web: 'var(--p-web)', db: 'var(--p-db)', cache: 'var(--p-cache)', rpc: 'var(--p-rpc)', dns: 'var(--p-dns)', infra: 'var(--p-infra)', other: 'var(--p-other)' };

function histogram(step: number) {
  return { date_histogram: { field: '@timestamp', fixed_interval: `${step}ms`, min_doc_count: 0 } };
}

/** Values of a date_histogram on the window's steps; 0 where there is no bucket. */
export function on_steps(buckets: Bucket[] | undefined, w: Window, step: number, value: (b: Bucket) => number = (b) => b.doc_count): number[] {
  const n = Math.ceil((w.to - w.from) / step);
  const out = Array.from({ length: n }, () => 0);
  for (const b of buckets ?? []) {
    const i = Math.round((Number(b.key) - w.from) / step);
    if (i >= 0 && i < n) out[i] = value(b);
  }
  return out;
}

export function steps_of(w: Window, step: number): { w: Window; times: number[] } {
  const from = Math.floor(w.from / step) * step;
  const n = Math.max(1, Math.ceil((w.to - from) / step));
  return { w: { from, to: from + n * step }, times: Array.from({ length: n }, (_, i) => from + i * step) };
}

export function outcome_filters(): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const o of OUTCOMES) out[o.id] = OUTCOME_QUERY[o.id];
  return out;
}

interface Figures {
  total: number;
  bad: number;
  errors: Record<Outcome, number>;
  p95: number;
  clients: number;
}

function figures_of(a: any): Figures | null {
  if (!a) return null;
  const b = a.aggregations?.o?.buckets ?? {};
  const errors = { ok: 0, cerr: 0, serr: 0, none: 0 } as Record<Outcome, number>;
  for (const o of OUTCOMES) errors[o.id] = b[o.id]?.doc_count ?? 0;
  return { total: a.hits.total.value, bad: errors.serr + errors.none + errors.cerr, errors, p95: Number(a.aggregations?.p?.values?.['95.0'] ?? NaN), clients: a.aggregations?.c?.value ?? 0 };
}

interface Verdict {
  icon: 'serr' | 'cerr' | 'ok';
  head: preact.ComponentChildren;
  text: preact.ComponentChildren;
  action?: { text: string; href: string };
}

/** What is worth saying first: blind, errors, latency, quiet. */
function verdict_of(s: Status | null, now: Figures | null, before: Figures | null, worst: Bucket | undefined, w: Window): Verdict | null {
  if (s && s.mode !== 'import' && !s.capture.interfaces.some((i) => i.captured))
    return { icon: 'serr', head: <>remora is blind: <em>no interface is captured</em></>, text: 'Name one in capture.interfaces. The command remora devices lists them.' };
  if (s && !s.store.writable && s.store.trouble) return { icon: 'serr', head: <em>The store takes no events</em>, text: s.store.trouble };
  if (!now) return null;
  const rate = now.total ? now.bad / now.total : 0;
  const old = before && before.total ? before.bad / before.total : 0;
  const bad_link = href({ screen: 'discover', filters: [...filters.value, { field: 'status', value: 'OK', not: true, off: false }, { field: 'type', value: 'flow', not: true, off: false }] });
  const kind = now.errors.serr >= now.errors.none ? (now.errors.serr > 0 ? 'server errors' : 'client errors') : 'no answer';
  if (now.errors.serr + now.errors.none > 0 && rate > 0.01 && rate > old * 1.5)
    return {
      icon: 'serr',
      head: <>{share(rate)} of {count(now.total)} requests <em>end in {kind}</em></>,
      text: worst ? <>Most of them: <span class="w">{cell_text(worst.key, 80)}</span>, {count(worst.doc_count)} times. {before?.total ? `It was ${share(old)} in the time before.` : ''}</> : null,
      action: { text: `Show the ${count(now.bad)} requests`, href: bad_link },
    };
  if (s && s.capture.drops > 0 && s.capture.completeness < 0.999)
    return { icon: 'cerr', head: <>{share(1 - s.capture.completeness)} of the packets <em>were lost</em></>, text: 'The kernel dropped them before the sensor saw them. Enlarge capture.ring or narrow capture.filter.' };
  if (before && before.total > 20 && now.total > 20 && now.p95 > before.p95 * 2 && now.p95 > 20e6)
    return { icon: 'cerr', head: <>The slowest 5 % <em>take {latency(now.p95)}</em></>, text: `It was ${latency(before.p95)} in the time before.`, action: { text: 'Show the slow requests', href: href({ screen: 'discover', query: `event.duration > ${Math.round(before.p95 * 2)}` }) } };
  if (now.total === 0) return { icon: 'ok', head: 'No transactions in this time', text: s?.events.total ? `${count(s.events.total)} events were taken in all.` : null };
  return {
    icon: 'ok',
    head: <>All quiet since {clock(w.from, is_local.value, 'min')}</>,
    text: now.bad ? `${count(now.bad)} of ${count(now.total)} requests went wrong, ${share(rate)}.` : `${count(now.total)} requests, every one answered well.`,
    ...(now.bad ? { action: { text: `Show the ${count(now.bad)} requests`, href: bad_link } } : {}),
  };
}

function change(now: number, before: number, format: (n: number) => string): preact.ComponentChildren {
  if (!Number.isFinite(before) || before === 0) return '–';
  const r = now / before;
  if (r > 0.95 && r < 1.05) return 'as before';
  return <><Icon name={r > 1 ? 'up' : 'down'} cls="s" />from {format(before)}</>;
}

function Kpi(p: { name: string; value: string; change: preact.ComponentChildren; values?: number[]; color: string; cls?: string; href: string }) {
  const [v, unit] = split_unit(p.value);
  return (
    <a class={`kpi ${p.cls ?? ''}`} href={p.href}>
      <dl class="contents"><dt>{p.name}</dt><dd class="v">{v}{unit ? <small>{unit}</small> : null}</dd><dd class="d">{p.change}</dd></dl>
      {p.values ? <Spark values={p.values} color={p.color} /> : <span class="spark" />}
    </a>
  );
}

export function Overview() {
  const asked = time_window.value;
  const step = step_of(asked);
  const { w, times } = steps_of(asked, step);
  const len = asked.to - asked.from;
  const figures = { o: { filters: { filters: outcome_filters() } }, p: { percentiles: { field: 'event.duration', percents: [95] } }, c: { cardinality: { field: 'source.ip' } } };
  const { data, error, is_loading } = use_searches({
    now: { size: 0, track_total_hits: true, query: whole(TRANSACTIONS), aggs: { ...figures, o: { filters: { filters: outcome_filters() }, aggs: { t: histogram(step) } } } },
    before: { size: 0, track_total_hits: true, query: { bool: { filter: [time_query({ from: asked.from - len, to: asked.from }), ...ask.value, TRANSACTIONS] } }, aggs: figures },
    p95: { size: 0, query: whole(TRANSACTIONS), aggs: { t: { ...histogram(step), aggs: { p: { percentiles: { field: 'event.duration', percents: [95] } }, c: { cardinality: { field: 'source.ip' } } } } } },
    flows: { size: 0, query: whole({ term: { type: 'flow' } }), aggs: { s: { terms: { field: 'destination.ip', size: 6, order: { b: 'desc' } }, aggs: { b: { sum: { field: 'network.bytes' } } } } } },
    slow: { size: 0, query: whole(TRANSACTIONS), aggs: { q: { terms: { field: 'query', size: 6, order: { 'p.95': 'desc' } }, aggs: { p: { percentiles: { field: 'event.duration', percents: [95] } }, y: { terms: { field: 'type', size: 1 } } } } } },
    wrong: { size: 0, query: whole(TRANSACTIONS, { bool: { must_not: [{ term: { status: 'OK' } }] } }), aggs: { q: { terms: { field: 'query', size: 1 } }, s: { terms: { field: 'destination.ip', size: 6 }, aggs: { o: { filters: { filters: outcome_filters() } } } } } },
    types: { size: 0, query: whole(TRANSACTIONS), aggs: { y: { terms: { field: 'type', size: 6 }, aggs: { t: histogram(step) } } } },
    where: { size: 0, query: whole(TRANSACTIONS), aggs: { c: { terms: { field: 'source.geo.country_iso_code', size: 6 } } } },
  });
  const s = status.value;
  const now = figures_of(data.now), before = figures_of(data.before);
  const v = verdict_of(s, now, before, data.wrong?.aggregations?.q?.buckets?.[0], asked);
  const counts = { ok: [], cerr: [], serr: [], none: [] } as Record<Outcome, number[]>;
  for (const o of OUTCOMES) counts[o.id] = on_steps(data.now?.aggregations?.o?.buckets?.[o.id]?.t?.buckets, w, step);
  const all = times.map((_, i) => counts.ok[i]! + counts.serr[i]! + counts.cerr[i]! + counts.none[i]!);
  const bads = times.map((_, i) => (all[i] ? (all[i]! - counts.ok[i]!) / all[i]! : 0));
  const lat = data.p95?.aggregations?.t?.buckets as Bucket[] | undefined;
  const seconds = len / 1000;
  const link = href({ screen: 'discover' });
  const rate = now && now.total ? now.bad / now.total : 0, rate0 = before && before.total ? before.bad / before.total : NaN;
  const per_s = (n: number) => `${short(n / seconds)} /s`;
  const gaps = (s?.sensor_gaps ?? []).map((g) => ({ from: Date.parse(g.from), to: Date.parse(g.to) }));
  const is_nothing = !is_loading && now?.total === 0 && (s?.events.total ?? 0) === 0;
  const types: Bucket[] = data.types?.aggregations?.y?.buckets ?? [];
  const slow: Bucket[] = data.slow?.aggregations?.q?.buckets ?? [];
  const wrong: Bucket[] = data.wrong?.aggregations?.s?.buckets ?? [];
  const top_wrong = Math.max(...wrong.map((b) => b.doc_count), 1);
  const busy: Bucket[] = data.flows?.aggregations?.s?.buckets ?? [];
  const top_busy = Math.max(...busy.map((b) => b.b.value), 1);
  const where: Bucket[] = data.where?.aggregations?.c?.buckets ?? [];
  const where_all = now?.total || 1;
  return (
    <>
      {v ? (
        <div class="verdict" data-testid="verdict">
          <Icon name={v.icon === 'ok' ? 'check' : v.icon} cls={v.icon === 'ok' ? 'quiet-mark' : v.icon === 'cerr' ? 'warn-mark' : ''} />
          <h1>{v.head}</h1><p>{v.text}</p>
          {v.action ? <div class="do"><a class="btn main" href={v.action.href}>{v.action.text}</a></div> : null}
        </div>
      ) : <div class="verdict"><h1 class="vh">Overview</h1></div>}
      {is_nothing ? <WhyNothing /> : null}
      <div class="kpis">
        <Kpi name="Transactions" value={now ? per_s(now.total) : '–'} change={now && before ? change(now.total / seconds, before.total / seconds, short) : ''} values={all} color="var(--ok)" href={link} />
        <Kpi name="Traffic" value={rates.value ? `${bytes(rates.value.bytes)}/s` : '–'} change="now, all packets" color="var(--ok)" href={href({ screen: 'discover', query: 'type: flow' })} />
        <Kpi name="Errors" value={now ? share(rate) : '–'} change={before ? change(rate, rate0, share) : ''} values={bads} color="var(--serr)" cls={rate > 0.01 && rate > rate0 * 1.5 ? 'bad' : ''} href={href({ screen: 'discover', query: 'not status: OK and not type: flow' })} />
        <Kpi name="p95 latency" value={now && Number.isFinite(now.p95) ? latency(now.p95) : '–'} change={now && before ? change(now.p95, before.p95, latency) : ''} values={on_steps(lat, w, step, (b) => Number(b.p?.values?.['95.0'] ?? 0) || 0)} color="var(--ok)" cls={now && before && now.p95 > before.p95 * 2 && now.p95 > 20e6 ? 'bad' : ''} href={link} />
        <Kpi name="Clients" value={now ? short(now.clients) : '–'} change={now && before ? change(now.clients, before.clients, short) : ''} values={on_steps(lat, w, step, (b) => b.c?.value ?? 0)} color="var(--ok)" href={link} />
        <Kpi name="Packets" value={rates.value ? `${short(rates.value.packets)} /s` : '–'} change={s ? `${short(s.capture.packets)} in all` : ''} color="var(--ok)" href={href({ screen: 'settings', sub: 'capture' })} />
        <Kpi name="Stored" value={s ? short(s.store.docs) : '–'} change={s ? `${bytes(s.store.bytes)} on disk` : ''} color="var(--ok)" href={href({ screen: 'settings', sub: 'indices' })} />
        <Kpi name="Not seen" value={s ? share(1 - s.capture.completeness) : '–'} change={s ? (s.capture.drops ? `${short(s.capture.drops)} packets` : 'nothing lost') : ''} color="var(--part)" cls={s && s.capture.completeness < 0.999 ? 'warn' : ''} href={href({ screen: 'settings', sub: 'capture' })} />
      </div>
      <div class="g below">
        <Panel title="Transactions" sub={`in steps of ${span(step)}; problems hang below the line, on their own scale`} width={8} error={error} is_loading={is_loading} is_empty={!data.now}
          table={{ heads: ['Time', ...OUTCOMES.map((o) => o.word)], rows: times.map((t, i) => [clock(t, is_local.value, 's'), ...OUTCOMES.map((o) => counts[o.id][i] ?? 0)]) }}>
          <Waterline w={w} step={step} times={times} counts={counts} height={248} gaps={gaps} on_brush={(a, b) => set_window(a, b)} label={`Transactions: ${now ? OUTCOMES.map((o) => `${o.word} ${count(now.errors[o.id])}`).join(', ') : ''}`} />
          <div class="under"><OutcomeLegend counts={now?.errors ?? { ok: 0, cerr: 0, serr: 0, none: 0 }} /></div>
        </Panel>
        <Panel title="What remora cannot see" width={4}>
          <Unseen s={s} />
        </Panel>
        <Panel title="Slowest requests" sub="slowest 5 %, all services" width={5} flush error={error} is_loading={is_loading} is_empty={!slow.length}>
          <div class="scroll" tabIndex={0} role="region" aria-label="Slowest requests, table">
            <table class="t"><thead><tr><th scope="col">Request</th><th scope="col" class="num">Count</th><th scope="col" class="num sort" aria-sort="descending">p95 ↓</th></tr></thead>
              <tbody>{slow.map((b) => (
                <tr key={b.key}><td class="grow"><Proto type={String(b.y?.buckets?.[0]?.key ?? '')} /> <a class="w" href={href({ screen: 'discover', filters: [...filters.value, { field: 'query', value: String(b.key), not: false, off: false }] })}>{cell_text(b.key, 200)}</a></td><td class="num mid">{count(b.doc_count)}</td><td><Latency ns={Number(b.p?.values?.['95.0'] ?? 0)} /></td></tr>
              ))}</tbody></table>
          </div>
        </Panel>
        <Panel title="Errors by server" sub="what went wrong" width={4} error={error} is_loading={is_loading} is_empty={!wrong.length} empty="Nothing went wrong in this time.">
          <BarList rows={wrong.map((b) => ({
            key: String(b.key), value: count(b.doc_count), on_only: () => add_filter('destination.ip', b.key), on_not: () => add_filter('destination.ip', b.key, true),
            parts: (['serr', 'none', 'cerr'] as Outcome[]).map((o) => ({ share: (b.o?.buckets?.[o]?.doc_count ?? 0) / top_wrong, color: `var(--${o})` })).filter((x) => x.share > 0),
          }))} />
        </Panel>
        <Panel title="Busiest servers" sub="bytes of flows" width={3} error={error} is_loading={is_loading} is_empty={!busy.length}>
          <BarList rows={busy.map((b) => ({ key: String(b.key), value: bytes(b.b.value), parts: [{ share: b.b.value / top_busy }], on_only: () => add_filter('destination.ip', b.key), on_not: () => add_filter('destination.ip', b.key, true) }))} />
        </Panel>
        <Panel title="By protocol" width={8} error={error} is_loading={is_loading} is_empty={!types.length}
          table={{ heads: ['Protocol', 'Transactions'], rows: types.map((b) => [String(b.key), count(b.doc_count)]) }}>
          <Stacked w={w} step={step} times={times} height={112} label={`Transactions by protocol: ${types.map((b) => `${b.key} ${count(b.doc_count)}`).join(', ')}`} on_brush={(a, b) => set_window(a, b)}
            series={types.map((b) => ({ name: String(b.key), color: FAMILY_COLOR[family_of(String(b.key))]!, values: on_steps(b.t?.buckets, w, step) }))} />
          <ul class="legend under">{types.map((b) => <li key={b.key}><span class="sw" data-f={family_of(String(b.key))} />{proto_name(String(b.key))} <b>{share(b.doc_count / (now?.total || 1))}</b></li>)}</ul>
        </Panel>
        <Panel title="Clients by country" width={4} error={error} is_loading={is_loading} is_empty={!where.length} empty={s?.geoip === false ? 'No GeoIP file is set: enrich.geoip.' : 'All addresses of this time are private or unknown.'}>
          <BarList rows={where.map((b) => ({ key: country(String(b.key)), value: share(b.doc_count / where_all), parts: [{ share: b.doc_count / (where[0]?.doc_count || 1) }], on_only: () => add_filter('source.geo.country_iso_code', b.key), on_not: () => add_filter('source.geo.country_iso_code', b.key, true) }))} />
          <p class="dim attribution">Country data: <a href="https://db-ip.com" target="_blank" rel="noopener noreferrer">IP geolocation by DB-IP</a></p>
        </Panel>
      </div>
      <span class="vh">{index_pattern.value}</span>
    </>
  );
}

export function country(code: string): string {
  try {
    return new Intl.DisplayNames(['en'], { type: 'region' }).of(code) ?? code;
  } catch {
    return code;
  }
}

function Unseen({ s }: { s: Status | null }) {
  if (!s) return null;
  const gaps = s.sensor_gaps;
  if (!s.capture.unseen.length && !gaps.length && !s.events.dropped)
    return <p class="dim quiet">Everything on {s.capture.interfaces.filter((i) => i.captured).map((i) => i.name).join(', ') || 'the captured interfaces'} was seen.</p>;
  return (
    <ul class="cannot">
      {s.capture.unseen.map((u) => <li key={u.kind + u.text}><h3><Icon name={u.kind === 'lost' ? 'part' : 'info'} />{u.kind === 'bridge_not_captured' ? `${u.text} is not captured` : u.text}</h3><p>{u.hint}</p></li>)}
      {gaps.map((g) => <li key={g.from}><h3><Icon name="part" />Nothing was seen for {span(Math.max(0, Date.parse(g.to) - Date.parse(g.from)))}</h3><p>{g.why}, at {clock(Date.parse(g.from), is_local.value, 's')}.</p></li>)}
      {s.events.dropped ? <li><h3><Icon name="part" />{count(s.events.dropped)} events were given up</h3><p>The ring to the keeper was full.</p></li> : null}
    </ul>
  );
}

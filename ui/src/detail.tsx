/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction: what happened when, both ends, every field. */
import { useState } from 'preact/hooks';
import { flat, Hit, pick, Source, use_searches } from './api.ts';
import { bytes, cell_text, count, latency, visible } from './format.ts';
import { answer_of, outcome_of } from './outcome.ts';
import { Icon, OutcomeMark, Proto, vars } from './parts.tsx';
import { add_filter, href, is_local, time_query, time_window } from './state.ts';
import { clock, day } from './time.ts';
import { end_name } from './discover.tsx';

const MAX_TEXT = 20000;

function address(s: Source, side: 'source' | 'destination'): string {
  const ip = pick(s, `${side}.ip`), port = pick(s, `${side}.port`);
  if (ip === undefined) return '–';
  return port === undefined ? String(ip) : String(ip).includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function Masked() {
  return <span class="mask"><Icon name="lock" cls="s" />masked</span>;
}

function Value({ v }: { v: unknown }) {
  const text = typeof v === 'object' ? JSON.stringify(v) : String(v);
  if (text === '*****' || text === 'xxxxx') return <Masked />;
  return <>{cell_text(text, MAX_TEXT)}{text.length > MAX_TEXT ? ` (${count(text.length)} characters)` : ''}</>;
}

function Headers({ s, side }: { s: Source; side: 'request' | 'response' }) {
  const map = pick(s, `http.${side}.headers`);
  if (!map || typeof map !== 'object') return null;
  return (
    <dl class="kv">
      {Object.entries(map).map(([k, v]) => [<dt key={k + 't'} title={k}>{visible(k)}</dt>, <dd key={k + 'd'}><Value v={v} /></dd>])}
    </dl>
  );
}

function BodyText({ s, side }: { s: Source; side: 'request' | 'response' }) {
  const text = pick(s, `http.${side}.body.content`) ?? pick(s, side);
  if (typeof text !== 'string' || !text) return null;
  return <div class="code" tabIndex={0} role="region" aria-label={`${side} text`}>{visible(text.slice(0, MAX_TEXT))}{text.length > MAX_TEXT ? `\n… ${count(text.length)} characters in all` : ''}</div>;
}

/** Lanes from top to bottom, time from left to right. */
function Ladder({ s }: { s: Source }) {
  const ns = Number(pick(s, 'event.duration') ?? 0);
  const first = pick(s, 'event.time_to_first_byte');
  const client = end_name(s, 'source'), server = end_name(s, 'destination');
  const start = Date.parse(String(pick(s, 'event.start') ?? s['@timestamp']));
  const end = Date.parse(String(pick(s, 'event.end') ?? s['@timestamp']));
  const { data } = use_searches({
    kids: {
      size: 6, sort: [{ '@timestamp': 'asc' }],
      query: { bool: { filter: [time_query({ from: start, to: end + 1 }), { term: { 'source.ip': pick(s, 'destination.ip') ?? '' } }], must_not: [{ term: { type: 'flow' } }] } },
    },
  });
  const kids = ns > 0 ? (data.kids?.hits.hits ?? []) : [];
  const pct = (x: number) => Math.min(100, Math.max(0, x * 100));
  const a = first === undefined ? 100 : pct(Number(first) / (ns || 1));
  const sent = bytes(Number(pick(s, 'source.bytes') ?? 0)), got = bytes(Number(pick(s, 'destination.bytes') ?? 0));
  const unanswered = outcome_of(s) === 'none';
  const method = cell_text(pick(s, 'method') ?? pick(s, 'type'), 20);
  return (
    <div class="lad" role="img" data-testid="ladder" aria-label={`${client} asks ${server}: ${sent}. ${unanswered ? 'No answer was seen.' : `Answer ${answer_of(s)}, ${got}, after ${latency(ns)}.`}`}>
      <span class="ax">{[0, 0.25, 0.5, 0.75, 1].map((f) => <span key={f}>{f === 0 ? '0' : latency(ns * f)}</span>)}</span>
      <span class="nm cut" title={client}>{client}</span>
      <div class="ln2"><i class="dn" style={vars({ a: '0%' })} /><span class="tx" style={vars({ a: '0%' })}>{method}, {sent}</span>{unanswered ? null : <><span class="tx r"><b>{answer_of(s)}</b>, {got}</span><i class="dn up" style={vars({ a: '99.7%' })} /></>}</div>
      <span class="nm cut" title={server}>{server}</span>
      <div class="ln2">
        <span class="bk wait" style={vars({ a: '0.2%', b: `${Math.max(1, a).toFixed(1)}%` })} />
        {first !== undefined && a < 99 ? <span class="bk" style={vars({ a: `${a.toFixed(1)}%`, b: '99.7%' })} /> : null}
        <span class="tx" style={vars({ a: '0.5%' })}>{unanswered ? 'no answer seen' : <>{first !== undefined && a < 99 ? 'first byte after' : 'works'} <b>{latency(first === undefined ? ns : Number(first))}</b></>}</span>
      </div>
      {kids.map((k) => {
        const ks = k._source;
        const ka = pct((Date.parse(String(ks['@timestamp'])) - start) / (ns / 1e6 || 1));
        const kd = Number(pick(ks, 'event.duration') ?? 0);
        return [
          <span key={k._id + 'n'} class="nm kid cut">{end_name(ks, 'destination')}</span>,
          <div key={k._id + 'l'} class="ln2 kid"><span class={`bk ${outcome_of(ks) === 'ok' ? '' : 'bad'}`} style={vars({ a: `${ka.toFixed(1)}%`, b: `${pct(ka / 100 + kd / (ns || 1)).toFixed(1)}%` })} /><span class="tx dim" style={vars({ a: `${ka.toFixed(1)}%` })}>{cell_text(pick(ks, 'query') ?? pick(ks, 'type'), 60)} {latency(kd)}</span></div>,
        ];
      })}
    </div>
  );
}

/** One sentence: how long, and how that compares to the same request in this time. */
function Why({ s }: { s: Source }) {
  const ns = pick(s, 'event.duration');
  const text = pick(s, 'query');
  const { data } = use_searches({
    u: { size: 0, query: { bool: { filter: [time_query(time_window.value), { term: { query: text ?? '' } }] } }, aggs: { p: { percentiles: { field: 'event.duration', percents: [50] } } } },
  });
  if (outcome_of(s) === 'none') return <p class="why">No answer was seen{pick(s, 'event.partial') ? '; not all packets were' : ''}.</p>;
  if (ns === undefined) return null;
  const usual = Number(data.u?.aggregations?.p?.values?.['50.0'] ?? NaN);
  const n = data.u?.hits.total.value ?? 0;
  const times = usual > 0 ? Number(ns) / usual : 1;
  return (
    <p class="why">
      Took <b>{latency(Number(ns))}</b>{n >= 5 && usual > 0 ? times >= 2 ? `, ${count(Math.round(times))} times the usual ${latency(usual)}` : times <= 0.5 ? `, the usual is ${latency(usual)}` : ', as usual' : ''}.
      {pick(s, 'event.partial') ? ' Not all of it was seen.' : ''}
    </p>
  );
}

function Summary({ s }: { s: Source }) {
  const retrans = Number(pick(s, 'flow.source.retransmissions') ?? 0) + Number(pick(s, 'flow.destination.retransmissions') ?? 0);
  const community = pick(s, 'network.community_id');
  const answers = pick(s, 'dns.answers');
  const note = pick(s, 'error.message');
  const is_flow = pick(s, 'type') === 'flow';
  return (
    <>
      <section>
        <Why s={s} />
        {is_flow ? null : <Ladder s={s} />}
        {note ? <p class="note cerr"><Icon name="cerr" cls="sl" /><span>{cell_text(note, 2000)}</span></p> : null}
      </section>
      {is_flow ? null : (
        <>
          <section><h3>Request <span class="end">{bytes(Number(pick(s, 'source.bytes') ?? 0))}</span></h3>
            <dl class="kv">
              {pick(s, 'url.full') ? <><dt>url</dt><dd>{cell_text(pick(s, 'url.full'), 2000)}</dd></> : null}
              {pick(s, 'url.query') ? <><dt>query</dt><dd>{cell_text(pick(s, 'url.query'), 2000)}</dd></> : null}
              {pick(s, 'dns.question.name') ? <><dt>question</dt><dd>{cell_text(pick(s, 'dns.question.name'))} {cell_text(pick(s, 'dns.question.type'))}</dd></> : null}
              {pick(s, 'user_agent.original') ? <><dt>user-agent</dt><dd>{cell_text(pick(s, 'user_agent.original'), 500)}</dd></> : null}
            </dl>
            <Headers s={s} side="request" /><BodyText s={s} side="request" /></section>
          <section><h3>Response <span class="end" data-testid="response-bytes" data-bytes={String(pick(s, 'destination.bytes') ?? '')}>{bytes(Number(pick(s, 'destination.bytes') ?? 0))}</span></h3>
            <dl class="kv">
              {pick(s, 'http.response.status_code') ? <><dt>status</dt><dd data-testid="detail-status">{cell_text(pick(s, 'http.response.status_code'))} {cell_text(pick(s, 'http.response.status_phrase'))}</dd></> : null}
              {pick(s, 'http.response.body.bytes') !== undefined ? <><dt>body</dt><dd data-testid="body-bytes">{count(Number(pick(s, 'http.response.body.bytes')))} bytes</dd></> : null}
              {pick(s, 'dns.response_code') ? <><dt>code</dt><dd>{cell_text(pick(s, 'dns.response_code'))}</dd></> : null}
              {Array.isArray(answers) ? answers.slice(0, 50).map((x, i) => [<dt key={`t${i}`}>{cell_text(x.type)}</dt>, <dd key={`d${i}`}>{cell_text(x.data, 500)}{x.ttl !== undefined ? <span class="dim"> ttl {cell_text(x.ttl)}</span> : null}</dd>]) : null}
            </dl>
            <Headers s={s} side="response" /><BodyText s={s} side="response" /></section>
        </>
      )}
      <section><h3>Ends</h3>
        <dl class="kv">
          <dt>client</dt><dd data-testid="detail-client">{address(s, 'source')}{pick(s, 'source.geo.country_iso_code') ? ` · ${cell_text(pick(s, 'source.geo.country_iso_code'))}` : ''}</dd>
          <dt>server</dt><dd data-testid="detail-server">{address(s, 'destination')}{pick(s, 'destination.domain') ? ` · ${cell_text(pick(s, 'destination.domain'))}` : ''}</dd>
          {pick(s, 'network.forwarded_ip') ? <><dt>forwarded for</dt><dd>{cell_text(pick(s, 'network.forwarded_ip'))}</dd></> : null}
          {pick(s, 'observer.ingress.interface.name') ? <><dt>seen on</dt><dd>{cell_text(pick(s, 'observer.ingress.interface.name'))}</dd></> : null}
          {community ? <><dt>connection</dt><dd><a href={href({ screen: 'discover', query: '', filters: [{ field: 'network.community_id', value: String(community), not: false, off: false }] })}>{cell_text(community)}</a></dd></> : null}
          {retrans ? <><dt>sent again</dt><dd>{count(retrans)} segments</dd></> : null}
        </dl>
      </section>
    </>
  );
}

function FieldTable({ s }: { s: Source }) {
  const [find, set_find] = useState('');
  const rows = flat(s).filter(([k]) => k.includes(find));
  return (
    <section>
      <div class="find"><input class="inp w" type="text" placeholder="Find a field" aria-label="Find a field of this event" value={find} onInput={(e) => set_find(e.currentTarget.value)} /></div>
      <dl class="kv wide">
        {rows.map(([k, v]) => {
          const value = Array.isArray(v) ? v[0] : v;
          return [
            <dt key={k + 't'} title={k}>{visible(k)}</dt>,
            <dd key={k + 'd'} class="fv" tabIndex={0} data-field={k} data-value={String(value)}>
              <Value v={v} />
              {typeof value !== 'object' ? (
                <span class="pm">
                  <button class="icb sm" aria-label={`Only ${k} ${cell_text(value, 60)}`} onClick={() => add_filter(k, value)}><Icon name="plus" cls="s" /></button>
                  <button class="icb sm" aria-label={`Without ${k} ${cell_text(value, 60)}`} onClick={() => add_filter(k, value, true)}><Icon name="minus" cls="s" /></button>
                </span>
              ) : null}
            </dd>,
          ];
        })}
      </dl>
    </section>
  );
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

/** The request as a command line; masked values stay masked. */
function as_curl(s: Source): string {
  const url = String(pick(s, 'url.full') ?? `http://${pick(s, 'url.domain') ?? pick(s, 'destination.ip')}:${pick(s, 'destination.port')}${pick(s, 'url.path') ?? '/'}`);
  const parts = ['curl', '-X', String(pick(s, 'http.request.method') ?? 'GET'), quoted(url)];
  for (const [k, v] of Object.entries((pick(s, 'http.request.headers') ?? {}) as Record<string, unknown>))
    if (!['host', 'content-length'].includes(k.toLowerCase())) parts.push('-H', quoted(`${k}: ${String(v)}`));
  return parts.join(' ');
}

const TABS = ['Summary', 'Fields', 'JSON'] as const;

export function Detail({ hit, on_close, on_previous, on_next }: { hit: Hit; on_close: () => void; on_previous?: (() => void) | undefined; on_next?: (() => void) | undefined }) {
  const [tab, set_tab] = useState<(typeof TABS)[number]>('Summary');
  const [said, set_said] = useState('');
  const s = hit._source;
  const at = Date.parse(String(s['@timestamp']));
  const code = answer_of(s), phrase = pick(s, 'http.response.status_phrase');
  const method = pick(s, 'method');
  const text = cell_text(pick(s, 'query') ?? pick(s, 'resource') ?? pick(s, 'type'), 2000);
  const copy = (what: string, value: string) => navigator.clipboard?.writeText(value).then(() => set_said(`Copied ${what}.`), () => set_said('The browser did not allow to copy.'));
  return (
    <aside class="det" aria-label="Transaction" data-testid="detail">
      <header>
        <div class="row1">
          <OutcomeMark outcome={outcome_of(s)} text={`${code}${phrase ? ` ${cell_text(phrase, 40)}` : ''}`} /><span class="dim">·</span><Proto type={String(pick(s, 'type') ?? '')} />
          <span class="end">
            <button class="icb sm" aria-label="Previous (k)" disabled={!on_previous} onClick={on_previous}><Icon name="up" /></button>
            <button class="icb sm" aria-label="Next (j)" disabled={!on_next} onClick={on_next}><Icon name="down" /></button>
            <button class="icb sm" aria-label="Close (Esc)" onClick={on_close}><Icon name="x" /></button>
          </span>
        </div>
        <h2 data-testid="detail-query">{method && text.startsWith(String(method) + ' ') ? <><span>{cell_text(method, 40)}</span>{text.slice(String(method).length)}</> : text}</h2>
        <div class="row1"><span class="route"><span>{end_name(s, 'source')}</span><Icon name="arrow" /><span>{end_name(s, 'destination')}</span></span><span class="dim w when">{day(at, is_local.value)}, {clock(at, is_local.value)}</span></div>
        <div class="subtabs" role="tablist" aria-label="Views">
          {TABS.map((t) => <button key={t} role="tab" aria-selected={tab === t} onClick={() => set_tab(t)}>{t}</button>)}
        </div>
      </header>
      {tab === 'Summary' ? <Summary s={s} /> : tab === 'Fields' ? <FieldTable s={s} /> : (
        <section><div class="code json" tabIndex={0} role="region" aria-label="The event as JSON">{visible(JSON.stringify(hit, null, 2).slice(0, 200000))}</div></section>
      )}
      <div class="acts">
        {pick(s, 'type') === 'http' ? <button class="btn sm" onClick={() => copy('as curl; secrets stay masked', as_curl(s))}><Icon name="copy" />Copy as curl</button> : null}
        <button class="btn sm" onClick={() => copy('the event', JSON.stringify(s, null, 2))}><Icon name="copy" />Copy JSON</button>
        <a class="btn sm" href={`/${encodeURIComponent(hit._index || '_all')}/_doc/${encodeURIComponent(hit._id)}?pretty`} target="_blank" rel="noopener noreferrer"><Icon name="link" />Document</a>
        <span class="dim" role="status">{said}</span>
      </div>
    </aside>
  );
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Charts: shapes are SVG that stretches, words are HTML. Each says in a sentence what it shows. */
import { useRef, useState } from 'preact/hooks';
import { count, latency, share, short } from './format.ts';
import { OUTCOMES, Outcome } from './outcome.ts';
import { Icon, vars } from './parts.tsx';
import { is_local } from './state.ts';
import { axis, clock, Window } from './time.ts';

/** A round number at or above n: 1, 2, 5, 10, 20 … */
export function nice(n: number): number {
  if (n <= 0) return 1;
  const p = 10 ** Math.floor(Math.log10(n));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((m) => m * p).find((m) => m >= n * 0.999) ?? 10 * p;
}

function TimeAxis({ w }: { w: Window }) {
  return (
    <>
      {axis(w, is_local.value).map((m, i) => (
        <span key={i} class={`x ${m.at < 0.03 ? 'l' : m.at > 0.97 ? 'r' : i % 2 ? 'o' : ''}`} style={vars({ t: m.at.toFixed(4) })}>{m.text}</span>
      ))}
    </>
  );
}

/** Pointer and keyboard selection of a span of time. */
function use_brush(w: Window, on_brush?: (a: number, b: number) => void) {
  const [sel, set_sel] = useState<[number, number] | null>(null);
  const start = useRef<number | null>(null);
  const at = (e: PointerEvent): number => {
    const r = (e.currentTarget as Element).getBoundingClientRect();
    return Math.min(1, Math.max(0, (e.clientX - r.left) / r.width));
  };
  const events = on_brush
    ? {
        onPointerDown: (e: PointerEvent) => {
          if (e.button !== 0) return;
          (e.currentTarget as Element).setPointerCapture(e.pointerId);
          start.current = at(e);
          set_sel([at(e), at(e)]);
        },
        onPointerMove: (e: PointerEvent) => {
          if (start.current === null) return;
          const b = at(e);
          set_sel([Math.min(start.current, b), Math.max(start.current, b)]);
        },
        onPointerUp: (e: PointerEvent) => {
          const a = start.current;
          const b = at(e);
          start.current = null;
          set_sel(null);
          if (a !== null && Math.abs(b - a) > 0.008) {
            const t = (x: number) => Math.round(w.from + x * (w.to - w.from));
            on_brush(t(Math.min(a, b)), t(Math.max(a, b)));
          }
        },
        onPointerCancel: () => {
          start.current = null;
          set_sel(null);
        },
      }
    : {};
  return { sel, events };
}

export interface Series {
  name: string;
  color: string; // a CSS colour, usually var(--…)
  values: number[];
  dashed?: boolean;
}

/** One bar as a part of a path: x and width in bars, y in units of the box. */
function bar(x: number, y: number, h: number): string {
  return h > 0 ? `M${(x + 0.1).toFixed(2)} ${y.toFixed(2)}h.8v${h.toFixed(2)}h-.8z` : '';
}

/**
 * The waterline: what was answered stands above the line, problems hang below it on a scale of their own.
 * `counts` has the events of each step; `step` in ms turns them to a rate.
 */
export function Waterline(p: {
  w: Window; step: number; times: number[]; counts: Record<Outcome, number[]>; height: number; label: string;
  on_brush?: (a: number, b: number) => void; gaps?: { from: number; to: number }[];
}) {
  const { sel, events } = use_brush(p.w, p.on_brush);
  const n = Math.max(1, Math.round((p.w.to - p.w.from) / p.step));
  const x_of = (t: number) => ((t - p.w.from) / (p.w.to - p.w.from)) * n;
  const bad: Outcome[] = ['serr', 'none', 'cerr'];
  const up = Math.max(...p.counts.ok, 0);
  const downs = p.times.map((_, i) => bad.reduce((s, b) => s + (p.counts[b][i] ?? 0), 0));
  const down = Math.max(...downs, 0);
  const line = down > 0 ? 110 : 146;
  const top = nice(up), bottom = nice(down);
  const k_up = (line - 18) / top, k_down = (160 - line - 6) / bottom;
  const paths: Record<Outcome, string> = { ok: '', cerr: '', serr: '', none: '' };
  let cap = '';
  p.times.forEach((t, i) => {
    const x = x_of(t);
    const h = (p.counts.ok[i] ?? 0) * k_up;
    paths.ok += bar(x, line - h, h);
    if (h > 0) cap += `M${(x + 0.1).toFixed(2)} ${(line - h).toFixed(2)}h.8`;
    let y = line;
    for (const b of bad) {
      const d = (p.counts[b][i] ?? 0) * k_down;
      paths[b] += bar(x, y, d);
      y += d;
    }
  });
  const rate = (v: number) => (p.step >= 1000 ? short(v) : short(v));
  const [hover, set_hover] = useState<number | null>(null);
  const hovered = hover === null ? -1 : p.times.findIndex((t) => hover >= t && hover < t + p.step);
  return (
    <div class="plot wl" style={vars({ h: `${p.height}px` })}>
      <svg
        viewBox={`0 0 ${n} 160`} preserveAspectRatio="none" role="img" aria-label={p.label} class={p.on_brush ? 'brush' : ''} {...events}
        onMouseMove={(e) => {
          const r = e.currentTarget.getBoundingClientRect();
          set_hover(p.w.from + ((e.clientX - r.left) / r.width) * (p.w.to - p.w.from));
        }}
        onMouseLeave={() => set_hover(null)}
      >
        <line x1="0" x2={n} y1="18" y2="18" />
        <line x1="0" x2={n} y1={(18 + line) / 2} y2={(18 + line) / 2} />
        {down > 0 ? <line x1="0" x2={n} y1="154" y2="154" /> : null}
        {sel ? <rect class="sel" x={sel[0] * n} y="0" width={(sel[1] - sel[0]) * n} height="160" /> : null}
        {sel ? sel.map((s, i) => <line key={i} class="selb" x1={s * n} x2={s * n} y1="0" y2="160" />) : null}
        <path class="f-ok" d={paths.ok} />
        <path class="cap" d={cap} />
        {bad.map((b) => <path key={b} class={`f-${b}`} d={paths[b]} />)}
        <line class="w0" x1="0" x2={n} y1={line} y2={line} />
      </svg>
      <span class="y" style={vars({ t: 18 / 160 })}>{rate(top)}</span>
      <span class="y" style={vars({ t: (18 + line) / 2 / 160 })}>{rate(top / 2)}</span>
      <span class="y" style={vars({ t: line / 160 })}>0</span>
      {down > 0 ? <span class="y" style={vars({ t: 154 / 160 })}>{rate(bottom)}</span> : null}
      <Completeness w={p.w} gaps={p.gaps ?? []} />
      {hovered >= 0 ? (
        <div class="tip" style={vars({ t: Math.min(0.86, Math.max(0, (p.times[hovered]! - p.w.from) / (p.w.to - p.w.from))).toFixed(3) })}>
          <b>{clock(p.times[hovered]!, is_local.value, p.step < 1000 ? 'ms' : 's')}</b>
          {OUTCOMES.filter((o) => p.counts[o.id][hovered]).map((o) => <span key={o.id}>{o.word} <b>{count(p.counts[o.id][hovered]!)}</b></span>)}
        </div>
      ) : null}
      <TimeAxis w={p.w} />
    </div>
  );
}

/** The strip under the axis: hatched where not everything was seen. */
function Completeness({ w, gaps }: { w: Window; gaps: { from: number; to: number }[] }) {
  const cut = gaps
    .map((g) => [Math.max(0, (g.from - w.from) / (w.to - w.from)), Math.min(1, (g.to - w.from) / (w.to - w.from))] as const)
    .filter(([a, b]) => b > 0 && a < 1 && b >= a)
    .sort((x, y) => x[0] - y[0]);
  const parts: { width: number; lost: boolean }[] = [];
  let at = 0;
  for (const [a, b] of cut) {
    if (a > at) parts.push({ width: a - at, lost: false });
    parts.push({ width: Math.max(0.004, b - Math.max(a, at)), lost: true });
    at = Math.max(at, b);
  }
  if (at < 1) parts.push({ width: 1 - at, lost: false });
  const text = cut.length ? `Completeness: ${cut.length} time${cut.length > 1 ? 's' : ''} in which not all was seen` : 'Completeness: all was seen';
  return (
    <div class="comp" role="img" aria-label={text} title={text}>
      {parts.map((x, i) => <i key={i} class={x.lost ? 'l' : ''} style={{ width: `${(x.width * 100).toFixed(2)}%` }} />)}
    </div>
  );
}

export function OutcomeLegend({ counts }: { counts?: Record<Outcome, number> }) {
  const n = (o: Outcome) => (counts ? <b>{short(counts[o])}</b> : null);
  return (
    <ul class="legend">
      <li><span class="sw wl" />Answered {n('ok')}</li>
      {OUTCOMES.filter((o) => o.id !== 'ok').map((o) => (
        <li key={o.id}><Icon name={o.id} cls={`s sl ${o.id}`} />{o.word} {n(o.id)}</li>
      ))}
      <li><span class="sw hatch" />Not all seen</li>
    </ul>
  );
}

/** Bars on top of each other, in order of the series from below. */
export function Stacked(p: { w: Window; step: number; times: number[]; series: Series[]; height: number; label: string; on_brush?: (a: number, b: number) => void; format?: (n: number) => string }) {
  const { sel, events } = use_brush(p.w, p.on_brush);
  const n = Math.max(1, Math.round((p.w.to - p.w.from) / p.step));
  const sums = p.times.map((_, i) => p.series.reduce((s, x) => s + (x.values[i] ?? 0), 0));
  const top = nice(Math.max(...sums, 0));
  const format = p.format ?? short;
  const base = p.times.map(() => 100);
  const paths = p.series.map((s) => {
    let d = '';
    p.times.forEach((t, i) => {
      const h = ((s.values[i] ?? 0) / top) * 100;
      base[i]! -= h;
      d += bar(((t - p.w.from) / (p.w.to - p.w.from)) * n, base[i]!, Math.max(0, h - 0.4));
    });
    return d;
  });
  return (
    <div class="plot" style={vars({ h: `${p.height}px` })}>
      <svg viewBox={`0 0 ${n} 100`} preserveAspectRatio="none" role="img" aria-label={p.label} class={p.on_brush ? 'brush' : ''} {...events}>
        <line x1="0" x2={n} y1="0" y2="0" /><line x1="0" x2={n} y1="50" y2="50" />
        {sel ? <rect class="sel" x={sel[0] * n} y="0" width={(sel[1] - sel[0]) * n} height="100" /> : null}
        {paths.map((d, i) => <path key={i} d={d} style={{ fill: p.series[i]!.color }} />)}
        <line class="w0" x1="0" x2={n} y1="100" y2="100" />
      </svg>
      <span class="y" style={vars({ t: 0 })}>{format(top)}</span>
      <span class="y" style={vars({ t: 0.5 })}>{format(top / 2)}</span>
      <span class="y" style={vars({ t: 1 })}>0</span>
      <TimeAxis w={p.w} />
    </div>
  );
}

/** Lines; a hole in the values is a hole in the line. */
export function Lines(p: { w: Window; times: number[]; step: number; series: Series[]; height: number; label: string; format: (n: number) => string }) {
  const top = nice(Math.max(0, ...p.series.flatMap((s) => s.values.filter((v) => Number.isFinite(v)))));
  const path = (s: Series) => {
    let d = '', is_down = false;
    p.times.forEach((t, i) => {
      const v = s.values[i];
      if (v === undefined || !Number.isFinite(v)) {
        is_down = false;
        return;
      }
      const x = ((t + p.step / 2 - p.w.from) / (p.w.to - p.w.from)) * 1000;
      const y = 100 - (v / top) * 100;
      d += `${is_down ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(2)}${is_down ? '' : 'h.01'}`;
      is_down = true;
    });
    return d;
  };
  return (
    <div class="plot" style={vars({ h: `${p.height}px` })}>
      <svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label={p.label}>
        <line x1="0" x2="1000" y1="0" y2="0" /><line x1="0" x2="1000" y1="50" y2="50" /><line class="w0" x1="0" x2="1000" y1="100" y2="100" />
        {p.series.map((s) => <path key={s.name} class="ln" d={path(s)} style={{ stroke: s.color }} stroke-dasharray={s.dashed ? '4 3' : undefined} stroke-linecap="round" />)}
      </svg>
      <span class="y" style={vars({ t: 0 })}>{p.format(top)}</span>
      <span class="y" style={vars({ t: 0.5 })}>{p.format(top / 2)}</span>
      <span class="y" style={vars({ t: 1 })}>0</span>
      <TimeAxis w={p.w} />
    </div>
  );
}

export function Legend({ series, lines }: { series: { name: string; color: string; value?: string; dashed?: boolean }[]; lines?: boolean }) {
  return (
    <ul class="legend">
      {series.map((s) => (
        <li key={s.name}><span class={`sw ${lines ? 'ln' : ''}`} style={vars({ c: s.color })} /><span class="w">{s.name}</span> {s.value ? <b>{s.value}</b> : null}</li>
      ))}
    </ul>
  );
}

export function Spark({ values, color }: { values: number[]; color: string }) {
  const top = Math.max(...values, 0) || 1;
  const step = values.length > 1 ? 100 / (values.length - 1) : 100;
  const d = values.map((v, i) => `${i ? 'L' : 'M'}${(i * step).toFixed(1)} ${(29 - (Math.max(0, v) / top) * 26).toFixed(1)}`).join('');
  return (
    <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true" style={vars({ c: color })}>
      {values.length > 1 ? <><path class="a" d={`${d}L100 30L0 30Z`} /><path d={d} /></> : null}
    </svg>
  );
}

export interface BarRow {
  key: string;
  small?: string;
  value: string;
  more?: string;
  parts: { share: number; color?: string }[];
  on_only?: () => void;
  on_not?: () => void;
}

export function BarList({ rows }: { rows: BarRow[] }) {
  return (
    <ul class="bl">
      {rows.map((r) => (
        <li key={r.key}>
          <span class="k" title={r.key}>{r.key || '(empty)'}{r.small ? <small>{r.small}</small> : null}</span>
          <span class="n">
            {r.on_only ? (
              <span class="pm">
                <button class="icb sm" aria-label={`Only ${r.key}`} onClick={r.on_only}><Icon name="plus" cls="s" /></button>
                <button class="icb sm" aria-label={`Without ${r.key}`} onClick={r.on_not}><Icon name="minus" cls="s" /></button>
              </span>
            ) : null}
            {r.value}{r.more ? <small>{r.more}</small> : null}
          </span>
          <span class="bar" aria-hidden="true">{r.parts.map((p, i) => <i key={i} style={vars({ v: `${(p.share * 100).toFixed(1)}%`, c: p.color ?? 'var(--ok)' })} />)}</span>
        </li>
      ))}
    </ul>
  );
}

export function Donut({ parts, unit, label }: { parts: { name: string; value: number; color: string; icon?: Outcome; more?: string }[]; unit: string; label: string }) {
  const all = parts.reduce((s, p) => s + p.value, 0);
  const r = 60, round = 2 * Math.PI * r;
  let at = 0;
  return (
    <div class="donut">
      <svg viewBox="0 0 148 148" role="img" aria-label={label}>
        <circle cx="74" cy="74" r={r} style={{ stroke: 'var(--track)' }} />
        {parts.map((p) => {
          const len = (p.value / (all || 1)) * round;
          const c = <circle key={p.name} cx="74" cy="74" r={r} style={{ stroke: p.color }} stroke-dasharray={`${Math.max(0, len - 1).toFixed(2)} ${(round - Math.max(0, len - 1)).toFixed(2)}`} stroke-dashoffset={(-at).toFixed(2)} transform="rotate(-90 74 74)" />;
          at += len;
          return c;
        })}
        <text x="74" y="78">{short(all)}</text><text class="u" x="74" y="95">{unit}</text>
      </svg>
      <ul class="legend col">
        {parts.map((p) => (
          <li key={p.name}>
            {p.icon ? <Icon name={p.icon} cls={`s sl ${p.icon}`} /> : <span class="sw" style={vars({ c: p.color })} />}
            <b>{p.name}</b> <span class="cut">{p.more}</span> <span class="endn">{count(p.value)} <span class="dim">{share(p.value / (all || 1))}</span></span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Latencies by decade on a log scale, in ns; what is at or over 1 s is grey-dark. */
export function LatencyHistogram({ buckets, label }: { buckets: { from: number; count: number }[]; label: string }) {
  const top = Math.max(...buckets.map((b) => b.count), 1);
  return (
    <>
      <div class="hist" role="img" aria-label={label}>
        {buckets.map((b) => (
          <i key={b.from} title={`from ${latency(b.from)}: ${count(b.count)}`} style={vars({ v: `${((b.count / top) * 100).toFixed(1)}%`, c: b.from >= 1e9 ? 'var(--ink-3)' : 'var(--ok)' })} />
        ))}
      </div>
      <div class="histx" aria-hidden="true"><span>0.1 ms</span><span>1 ms</span><span>10 ms</span><span>100 ms</span><span>1 s</span><span>10 s</span></div>
    </>
  );
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts that all screens share. */
import { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { latency, latency_bar } from './format.ts';
import { ICONS } from './icons.ts';
import { family_of, Outcome, proto_name } from './outcome.ts';

export type Style = Record<string, string | number>;

/** Style attributes carry data only: vars({ v: '62%' }). */
export function vars(v: Record<string, string | number>): Style {
  const out: Style = {};
  for (const [k, x] of Object.entries(v)) out['--' + k] = x;
  return out;
}

export function Icon({ name, cls = '' }: { name: string; cls?: string }) {
  return (
    <svg class={`i ${cls}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={ICONS[name]} stroke-dasharray={name === 'none' ? '3.2 2.45' : undefined} stroke-width={name === 'more' ? 2.2 : undefined} />
    </svg>
  );
}

export function OutcomeMark({ outcome, text }: { outcome: Outcome; text: string }) {
  return (
    <span class={`st ${outcome}`}>
      <Icon name={outcome} cls={outcome === 'none' ? 'o' : ''} />
      {text}
    </span>
  );
}

export function Proto({ type }: { type: string }) {
  return <span class="proto" data-f={family_of(type)}>{proto_name(type)}</span>;
}

/** A latency in ns: bar on a log scale and figure; bold when slow. */
export function Latency({ ns, outcome }: { ns: number | undefined; outcome?: Outcome }) {
  if (ns === undefined) return <span class="lat"><i style={vars({ v: '0%' })} /><b>–</b></span>;
  const is_out = outcome === 'none';
  return (
    <span class={`lat ${is_out ? 'out' : ns >= 500e6 ? 'slow' : ''}`}>
      <i style={vars({ v: is_out ? '100%' : `${latency_bar(ns).toFixed(1)}%` })} />
      <b>{is_out ? '–' : latency(ns)}</b>
    </span>
  );
}

export interface TableData {
  heads: string[];
  rows: (string | number)[][];
}

/** A panel with its states: waits, failed, nothing there; and "show as table" where a chart has one. */
export function Panel(p: {
  title: string; sub?: string; width: number; children?: ComponentChildren; end?: ComponentChildren; flush?: boolean;
  error?: string | null; is_loading?: boolean; is_empty?: boolean; empty?: string; table?: TableData; testid?: string; cls?: string;
}) {
  const [as_table, set_as_table] = useState(false);
  return (
    <section class={`p c${p.width} ${p.cls ?? ''}`} aria-label={p.title} data-testid={p.testid}>
      <header>
        <h2>{p.title}</h2>
        {p.sub ? <span class="sub">{p.sub}</span> : null}
        <span class="end">
          {p.end}
          {p.table && !p.is_empty ? (
            <button class="icb sm" aria-pressed={as_table} aria-label={as_table ? `Show ${p.title} as chart` : `Show ${p.title} as table`} onClick={() => set_as_table(!as_table)}>
              <Icon name={as_table ? 'chart' : 'table'} />
            </button>
          ) : null}
        </span>
      </header>
      <div class={`b ${p.flush || (as_table && p.table) ? 'flush' : ''}`}>
        {p.error ? <Failed text={p.error} />
          : p.is_empty && p.is_loading ? <Loading />
          : p.is_empty ? <p class="dim quiet">{p.empty ?? 'Nothing in this time.'}</p>
          : as_table && p.table ? <PlainTable data={p.table} label={p.title} /> : p.children}
      </div>
    </section>
  );
}

export function PlainTable({ data, label }: { data: TableData; label: string }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${label}, table`}>
      <table class="t">
        <thead><tr>{data.heads.map((h, i) => <th key={i} scope="col" class={i ? 'num' : ''}>{h}</th>)}</tr></thead>
        <tbody>
          {data.rows.map((r, i) => (
            <tr key={i}>{r.map((c, j) => <td key={j} class={j ? 'num' : 'w'}>{c}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Failed({ text }: { text: string }) {
  return (
    <div class="note serr" role="alert">
      <Icon name="serr" cls="sl" />
      <span><b>This could not be searched.</b> {text}</span>
    </div>
  );
}

/** Grey lines in the size of what comes; shown after 300 ms only. */
export function Loading() {
  const [is_shown, set_is_shown] = useState(false);
  useEffect(() => {
    const t = setTimeout(() => set_is_shown(true), 300);
    return () => clearTimeout(t);
  }, []);
  if (!is_shown) return null;
  return (
    <div>
      <div class="busy" role="progressbar" aria-label="Searching" />
      <div class="sks" aria-hidden="true">{[92, 70, 84, 55].map((w) => <div key={w} class="sk" style={{ width: `${w}%` }} />)}</div>
    </div>
  );
}

/** A menu below its button: closes by Esc, by a click elsewhere and when the focus leaves. */
export function Popover(p: { label: ComponentChildren; aria: string; cls?: string; pop_cls?: string; children: (close: () => void) => ComponentChildren; is_open?: boolean; on_open?: (open: boolean) => void }) {
  const [own, set_own] = useState(false);
  const is_open = p.is_open ?? own;
  const set = (open: boolean) => {
    set_own(open);
    p.on_open?.(open);
  };
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!is_open) return;
    const away = (e: Event) => {
      if (!root.current?.contains(e.target as Node)) set(false);
    };
    const key = (e: KeyboardEvent) => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      set(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', away);
    root.current?.addEventListener('keydown', key);
    const node = root.current;
    return () => {
      document.removeEventListener('pointerdown', away);
      node?.removeEventListener('keydown', key);
    };
  }, [is_open]);
  return (
    <div class="popbox" ref={root}>
      <button ref={button} class={p.cls ?? 'btn bare sm'} aria-haspopup="true" aria-expanded={is_open} aria-label={p.aria} onClick={() => set(!is_open)}>{p.label}</button>
      {is_open ? <div class={`pop drop ${p.pop_cls ?? ''}`}>{p.children(() => set(false))}</div> : null}
    </div>
  );
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The server's answers: Elasticsearch's search API and the page's own endpoints. */
import { computed, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

export type Source = Record<string, unknown>;

export interface Hit {
  _id: string;
  _index: string;
  _source: Source;
  sort?: unknown[];
}

export interface Bucket {
  key: string | number;
  key_as_string?: string;
  doc_count: number;
  [agg: string]: any;
}

export interface Answer {
  took: number;
  timed_out: boolean;
  hits: { total: { value: number; relation: string }; hits: Hit[] };
  aggregations?: Record<string, any>;
  error?: { type: string; reason: string };
  status?: number;
}

export type Body = Record<string, unknown>;

export interface Unseen {
  kind: string;
  text: string;
  hint: string;
}

export interface Process {
  name: string;
  pid: number;
  cpu_seconds: number;
  rss: number;
  restarts: number;
}

export interface Status {
  version: string;
  hostname: string;
  now: string;
  started: string;
  mode: string;
  /** Name of the capture that was imported; empty on a live capture. */
  import: string;
  index?: string;
  geoip?: boolean;
  capture: {
    state: string;
    interfaces: { name: string; up: boolean; captured: boolean; bridge: boolean }[];
    packets: number;
    bytes: number;
    drops: number;
    completeness: number;
    last_packet: string | null;
    unseen: Unseen[];
  };
  events: { total: number; dropped: number };
  store: {
    bytes: number; docs: number; oldest: string | null; newest: string | null; free_bytes: number; writable: boolean; trouble: string;
    retention_age_ns?: number; retention_bytes?: number;
  };
  ring: { used: number; size: number };
  processes: Process[];
  sensor_gaps: { from: string; to: string; why: string }[];
  counters: { name: string; value: number; help: string }[];
}

export interface Field {
  name: string;
  type: string;
  help: string;
  dataset: string;
  aliases: string[];
  column: boolean;
}

export interface Setting {
  name: string;
  [key: string]: unknown;
}

export interface Schema {
  fields: Field[];
  datasets: { name: string; summary: string }[];
  settings: Setting[];
}

export interface Index {
  index: string;
  health: string;
  'docs.count': string;
  'store.size': string;
}

export const status = signal<Status | null>(null);
/** The rate of packets and bytes between the last two answers, per second. */
export const rates = signal<{ packets: number; bytes: number; cores: number } | null>(null);
export const status_error = signal<string | null>(null);
export const schema = signal<Schema | null>(null);
export const index_pattern = computed(() => status.value?.index ?? 'packetbeat-*');

async function reason_of(r: Response): Promise<string> {
  try {
    const body = await r.json();
    return String(body.error?.reason ?? body.error ?? r.statusText);
  } catch {
    return `${r.status} ${r.statusText}`;
  }
}

export async function get<T>(path: string, abort?: AbortSignal): Promise<T> {
  const r = await fetch(path, { headers: { Accept: 'application/json' }, signal: abort ?? null });
  if (!r.ok) throw new Error(await reason_of(r));
  return r.json();
}

export async function search(body: Body, abort?: AbortSignal): Promise<Answer> {
  const r = await fetch(`/${index_pattern.value}/_search`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal: abort ?? null,
  });
  if (!r.ok) throw new Error(await reason_of(r));
  return r.json();
}

/** Several searches in one request, each with its own answer or error. */
export async function msearch(bodies: Body[], abort?: AbortSignal): Promise<Answer[]> {
  if (bodies.length === 0) return [];
  const head = JSON.stringify({ index: index_pattern.value });
  const r = await fetch('/_msearch', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-ndjson' },
    body: bodies.map((b) => `${head}\n${JSON.stringify(b)}\n`).join(''),
    signal: abort ?? null,
  });
  if (!r.ok) throw new Error(await reason_of(r));
  return (await r.json()).responses;
}

export interface Searches<K extends string> {
  data: Partial<Record<K, Answer>>;
  error: string | null;
  is_loading: boolean;
}

/**
 * Runs named searches again whenever one of them changes; those that are on their way are given up.
 * The last answers stay until new ones are there.
 */
export function use_searches<K extends string>(bodies: Record<K, Body>): Searches<K> {
  const text = JSON.stringify(bodies);
  const [state, set_state] = useState<Searches<K>>({ data: {}, error: null, is_loading: true });
  useEffect(() => {
    const abort = new AbortController();
    const names = Object.keys(bodies) as K[];
    set_state((s) => ({ ...s, is_loading: true }));
    msearch(names.map((n) => bodies[n]), abort.signal).then(
      (answers) => {
        const data: Partial<Record<K, Answer>> = {};
        names.forEach((n, i) => (data[n] = answers[i]!));
        const failed = answers.find((a) => a.error);
        set_state({ data, error: failed ? failed.error!.reason : null, is_loading: false });
      },
      (e: Error) => {
        if (e.name !== 'AbortError') set_state((s) => ({ ...s, error: e.message, is_loading: false }));
      },
    );
    return () => abort.abort();
  }, [text]);
  return state;
}

function take_status(next: Status): void {
  const last = status.value;
  const s = last ? (Date.parse(next.now) - Date.parse(last.now)) / 1000 : 0;
  const cpu = (x: Status) => x.processes.reduce((n, p) => n + p.cpu_seconds, 0);
  if (last && s > 0.2)
    rates.value = {
      packets: Math.max(0, next.capture.packets - last.capture.packets) / s,
      bytes: Math.max(0, next.capture.bytes - last.capture.bytes) / s,
      cores: Math.max(0, cpu(next) - cpu(last)) / s,
    };
  if (!last || s > 0.2) status.value = next;
  status_error.value = null;
}

/** Keeps `status` fresh, every 2 s while somebody looks. */
export function start_status(): void {
  const tick = () => {
    if (document.hidden) return;
    get<Status>('/-/api/status').then(take_status, (e: Error) => (status_error.value = e.message));
  };
  tick();
  setInterval(tick, 2000);
  document.addEventListener('visibilitychange', tick);
  get<Schema>('/-/api/schema').then((s) => (schema.value = s), () => undefined);
}

/** A value of a dotted name, whether the source nests or not. */
export function pick(source: Source, name: string): any {
  let at: any = source;
  if (name in source) return source[name];
  for (const part of name.split('.')) {
    if (at === null || typeof at !== 'object') return undefined;
    at = at[part];
  }
  return at;
}

/** All values of a source by dotted names, in order of the names. */
export function flat(source: Source): [string, unknown][] {
  const out: [string, unknown][] = [];
  const walk = (prefix: string, v: unknown, depth: number): void => {
    if (v !== null && typeof v === 'object' && !Array.isArray(v) && depth < 8)
      for (const [k, x] of Object.entries(v)) walk(prefix ? `${prefix}.${k}` : k, x, depth + 1);
    else out.push([prefix, v]);
  };
  walk('', source, 0);
  return out.sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

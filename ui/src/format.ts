/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, times and bytes as people read them: three figures, a unit, never a false 0 or 100 %. */

const count_format = new Intl.NumberFormat('en-US');

/** An exact count: 1,238,412. */
export function count(n: number): string {
  return count_format.format(n);
}

function three(n: number): string {
  const a = Math.abs(n);
  return a >= 100 || n === 0 ? String(Math.round(n)) : a >= 10 ? trim(n.toFixed(1)) : trim(n.toFixed(2));
}

function trim(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A figure of at most three digits with its magnitude: 48.2 k, 1.24 M. */
export function short(n: number): string {
  const a = Math.abs(n);
  if (a >= 1e9) return three(n / 1e9) + ' G';
  if (a >= 1e6) return three(n / 1e6) + ' M';
  if (a >= 1e4) return three(n / 1e3) + ' k';
  return a >= 1000 ? count(Math.round(n)) : three(n);
}

/** A duration in ns: 0.40 ms, 38.1 ms, 1.84 s, 2 min 4 s. */
export function latency(ns: number): string {
  const ms = ns / 1e6;
  if (ms < 1) return ms.toFixed(2) + ' ms';
  if (ms < 1000) return three(ms) + ' ms';
  if (ms < 60000) return three(ms / 1000) + ' s';
  const s = Math.round(ms / 1000);
  return s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** Decimal bytes of traffic and files: 612 B, 17.2 MB. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  return `${i === 0 ? String(Math.round(n)) : three(n)} ${units[i]}`;
}

/** Binary bytes of memory: 212 MiB. */
export function memory(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${three(n)} ${units[i]}`;
}

/** Splits a figure from its unit, for large print. */
export function split_unit(text: string): [string, string] {
  const at = text.lastIndexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A share of 1: 2.9 %, 0.04 %, < 0.01 %, 99.96 %. */
export function share(part: number): string {
  const p = part * 100;
  if (p <= 0 || p >= 100) return p <= 0 ? '0 %' : '100 %';
  if (p < 0.01) return '< 0.01 %';
  if (p > 99.99) return '> 99.99 %';
  if (p < 0.1 || p > 99.9) return p.toFixed(2) + ' %';
  return p < 10 || p > 99 ? p.toFixed(1) + ' %' : Math.round(p) + ' %';
}

/** How long: 4 d 3 h, 53 min, 12 s. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = Math.round(ms / 1000);
  if (s < 120) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 120) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 48) return min % 60 ? `${h} h ${min % 60} min` : `${h} h`;
  return h % 24 ? `${Math.floor(h / 24)} d ${h % 24} h` : `${Math.floor(h / 24)} d`;
}

/** Where a latency in ns lies between 0.1 ms and 10 s on a log scale, in percent. */
export function latency_bar(ns: number): number {
  const ms = Math.max(ns / 1e6, 0.1);
  return Math.min(100, Math.max(2, (Math.log10(ms / 0.1) / 5) * 100));
}

/** Control and bidirectional characters made visible, so that text from the wire cannot disguise itself. */
export function visible(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Text for a cell: visible and bounded. */
export function cell_text(value: unknown, max = 400): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return visible(text.length > max ? text.slice(0, max) + '…' : text);
}

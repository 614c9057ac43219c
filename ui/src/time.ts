/* SPDX-License-Identifier: Apache-2.0 */
/* Time windows: "now-15m", ISO times, steps of histograms, and how times are written. */

export interface Window {
  from: number; // ms since 1970
  to: number;
}

const UNITS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };

/** "now", "now-15m", "now/d", an ISO time or ms; undefined: not understood. */
export function parse_time(text: string, now: number, local: boolean, is_end = false): number | undefined {
  const t = text.trim();
  const rel = /^now(?:([+-])(\d+)([smhdw]))?(\/d)?$/.exec(t);
  if (rel) {
    let at = now;
    if (rel[1]) at += (rel[1] === '-' ? -1 : 1) * Number(rel[2]) * UNITS[rel[3]!]!;
    if (rel[4]) {
      const day = new Date(at);
      at = local ? new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime() : Math.floor(at / 86400e3) * 86400e3;
      if (is_end) at += 86400e3;
    }
    return at;
  }
  if (/^\d{12,}$/.test(t)) return Number(t);
  let iso = t.replace(' ', 'T');
  if (/^\d{4}-\d{2}-\d{2}$/.test(iso)) iso += 'T00:00:00';
  if (!/([zZ]|[+-]\d{2}:?\d{2})$/.test(iso) && !local) iso += 'Z';
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? undefined : ms;
}

export const QUICK: [string, string, string][] = [
  ['Last 5 min', 'now-5m', 'now'],
  ['Last 15 min', 'now-15m', 'now'],
  ['Last 30 min', 'now-30m', 'now'],
  ['Last 1 h', 'now-1h', 'now'],
  ['Last 6 h', 'now-6h', 'now'],
  ['Last 24 h', 'now-24h', 'now'],
  ['Last 7 d', 'now-7d', 'now'],
  ['Today', 'now/d', 'now'],
];

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800];

/** A step in ms that gives about n bars. */
export function step_of(w: Window, n = 60): number {
  const want = (w.to - w.from) / 1000 / n;
  return (STEPS.find((s) => s >= want) ?? 604800) * 1000;
}

function pad(n: number, len = 2): string {
  return String(n).padStart(len, '0');
}

interface Parts {
  y: number; mo: number; d: number; h: number; mi: number; s: number; ms: number;
}

function parts(ms: number, local: boolean): Parts {
  const t = new Date(ms);
  return local
    ? { y: t.getFullYear(), mo: t.getMonth() + 1, d: t.getDate(), h: t.getHours(), mi: t.getMinutes(), s: t.getSeconds(), ms: t.getMilliseconds() }
    : { y: t.getUTCFullYear(), mo: t.getUTCMonth() + 1, d: t.getUTCDate(), h: t.getUTCHours(), mi: t.getUTCMinutes(), s: t.getUTCSeconds(), ms: t.getUTCMilliseconds() };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 03:11:58.204 */
export function clock(ms: number, local: boolean, digits: 'min' | 's' | 'ms' = 'ms'): string {
  const p = parts(ms, local);
  return `${pad(p.h)}:${pad(p.mi)}${digits === 'min' ? '' : ':' + pad(p.s)}${digits === 'ms' ? '.' + pad(p.ms, 3) : ''}`;
}

/** 13 Nov */
export function day(ms: number, local: boolean): string {
  const p = parts(ms, local);
  return `${p.d} ${MONTHS[p.mo - 1]}`;
}

/** 13 Nov, 00:00 */
export function day_clock(ms: number, local: boolean): string {
  return `${day(ms, local)}, ${clock(ms, local, 'min')}`;
}

/** 2026-11-17 02:42:00, as inputs take it */
export function stamp(ms: number, local: boolean): string {
  const p = parts(ms, local);
  return `${p.y}-${pad(p.mo)}-${pad(p.d)} ${pad(p.h)}:${pad(p.mi)}:${pad(p.s)}${p.ms ? '.' + pad(p.ms, 3) : ''}`;
}

/** The words of a window: Last 15 min, or from and to. */
export function window_text(from: string, to: string, w: Window, local: boolean): string {
  const quick = QUICK.find((q) => q[1] === from && q[2] === to);
  if (quick) return quick[0];
  const same_day = day(w.from, local) === day(w.to, local);
  const digits = w.to - w.from < 60e3 ? 'ms' : w.to - w.from < 2 * 3600e3 ? 's' : 'min';
  return same_day
    ? `${day(w.from, local)}, ${clock(w.from, local, digits)} – ${clock(w.to, local, digits)}`
    : `${day_clock(w.from, local)} – ${day_clock(w.to, local)}`;
}

/** Where the marks of a time axis stand (0 to 1) and what they say. */
export function axis(w: Window, local: boolean, n = 6): { at: number; text: string }[] {
  const step = step_of(w, n);
  const span = w.to - w.from;
  const zone = local ? new Date(w.from).getTimezoneOffset() * 60e3 : 0;
  const out: { at: number; text: string }[] = [];
  for (let t = Math.ceil((w.from - zone) / step) * step + zone; t <= w.to && out.length < 12; t += step)
    out.push({ at: (t - w.from) / span, text: step >= 86400e3 ? day(t, local) : clock(t, local, step < 1e3 ? 'ms' : step < 60e3 ? 's' : 'min') });
  return out;
}

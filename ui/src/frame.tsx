/* SPDX-License-Identifier: Apache-2.0 */
/* What surrounds every screen: top bar, health line, help, keys. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { rates, Status, status, status_error } from './api.ts';
import { bytes, count, memory, share, short, span } from './format.ts';
import { Icon } from './parts.tsx';
import { filters, href, is_local, is_paused, now, read, screen, shift_window, sub_screen, waiting, write } from './state.ts';

const is_help_open = signal(false);

function Brand() {
  return (
    <a class="brand" href={href({ screen: 'overview' })} aria-label="remora, overview">
      <svg viewBox="0 0 30 18" aria-hidden="true">
        <rect x="1" y="1" width="28" height="16" rx="8" fill="none" stroke="currentColor" stroke-width="1.8" />
        <path d="m7 5 3.2 4L7 13M12.4 5l3.2 4-3.2 4M17.8 5 21 9l-3.2 4" fill="none" stroke="var(--accent)" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" />
      </svg>
      remora
    </a>
  );
}

const TABS: { id: string; sub?: string; name: string; icon: string }[] = [
  { id: 'overview', name: 'Overview', icon: 'pulse' },
  { id: 'discover', name: 'Discover', icon: 'list' },
  { id: 'dashboard', sub: 'http', name: 'Dashboards', icon: 'grid' },
  { id: 'settings', sub: 'indices', name: 'Settings', icon: 'gear' },
];

export function apply_theme(): void {
  const kept = read('theme');
  if (kept === 'light' || kept === 'dark') document.documentElement.dataset.theme = kept;
}

function switch_theme(): void {
  const root = document.documentElement;
  const is_dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = is_dark ? 'light' : 'dark';
  write('theme', root.dataset.theme);
}

function seen_text(s: Status): string {
  return `${share(s.capture.completeness)} seen`;
}

/** Discover begins with the transactions; the pill that leaves out the flows can be taken away. */
function tab_href(t: { id: string; sub?: string }): string {
  if (t.id === 'discover' && screen.value !== 'discover' && filters.value.length === 0)
    return href({ screen: 'discover', filters: [{ field: 'type', value: 'flow', not: true, off: false }] });
  return href({ screen: t.id, sub: t.sub });
}

export function TopBar() {
  const s = status.value;
  return (
    <header class="top">
      <Brand />
      <nav class="tabs" aria-label="Screens">
        {TABS.map((t) => <a key={t.id} href={tab_href(t)} aria-current={screen.value === t.id ? 'page' : undefined}>{t.name}</a>)}
      </nav>
      <div class="top-end">
        {s && s.capture.completeness < 1 ? <span class="hp"><Icon name="part" cls="s" />{seen_text(s)}</span> : null}
        <a class="src" href={href({ screen: 'settings', sub: 'indices' })} aria-label={`Data source: ${s?.hostname ?? ''}, embedded store`}><Icon name="disk" cls="s" /><span>{s ? `${s.hostname} · embedded` : '…'}</span></a>
        <button class="icb" aria-label="Light or dark" onClick={switch_theme}><Icon name="sun" /></button>
        <button class="icb help" aria-label="Keys and help" onClick={() => (is_help_open.value = true)}><Icon name="help" /></button>
      </div>
    </header>
  );
}

export function BottomBar() {
  return (
    <nav class="bottom four" aria-label="Screens, small">
      {TABS.map((t) => <a key={t.id} href={tab_href(t)} aria-current={screen.value === t.id ? 'page' : undefined}><Icon name={t.icon} />{t.name}</a>)}
    </nav>
  );
}

/** Is capture going on, what was lost, what does it cost. */
export function HealthLine() {
  const s = status.value;
  const r = rates.value;
  const wrong = status_error.value;
  if (wrong)
    return <footer class="health" aria-label="Capture health"><span class="warn"><Icon name="serr" cls="s" />No answer from remora: {wrong}. This page tries again every 2 s.</span></footer>;
  if (!s) return <footer class="health" aria-label="Capture health"><span>Asking for the state …</span></footer>;
  const caught = s.capture.interfaces.filter((i) => i.captured).map((i) => i.name);
  const names = caught.slice(0, 3).join(' ') + (caught.length > 3 ? ` +${caught.length - 3}` : '');
  const kept = s.store.oldest && s.store.newest ? Date.parse(s.store.newest) - Date.parse(s.store.oldest) : 0;
  const rss = s.processes.reduce((n, p) => n + p.rss, 0);
  const is_capturing = s.capture.state === 'capturing' && caught.length > 0;
  const is_import = s.mode === 'import';
  return (
    <footer class="health" aria-label="Capture health">
      {is_import
        ? <span data-testid="health-state"><Icon name="ok" cls="ok-dot s" />{s.capture.state === 'importing' ? 'Importing' : 'Showing'} {s.import}</span>
        : <span data-testid="health-state">{is_capturing ? <Icon name="ok" cls="ok-dot s" /> : <Icon name="cerr" cls="sl cerr" />}{is_capturing ? 'Capturing' : 'Not capturing'}</span>}
      {names ? <span><span class="w">{names}</span></span> : null}
      {is_import
        ? <span data-testid="health-packets" data-packets={s.capture.packets}><b>{count(s.capture.packets)}</b> packets</span>
        : <>
            <span title={`${count(s.capture.packets)} packets in all`} data-testid="health-packets" data-packets={s.capture.packets}><b>{r ? short(r.packets) : '–'}</b> packets/s</span>
            <span><b>{r ? bytes(r.bytes) : '–'}</b>/s</span>
          </>}
      {s.capture.drops > 0
        ? <span class="warn" data-testid="health-drops"><Icon name="part" cls="s" /><b>{share(1 - s.capture.completeness)}</b> lost, {count(s.capture.drops)} packets</span>
        : <span data-testid="health-drops"><b>0</b> lost</span>}
      {s.events.dropped > 0 ? <span class="warn"><Icon name="part" cls="s" /><b>{count(s.events.dropped)}</b> events given up</span> : null}
      {!s.store.writable && s.store.trouble ? <span class="warn"><Icon name="serr" cls="s" />{s.store.trouble}</span> : null}
      <span data-testid="health-seen">{seen_text(s)}</span>
      <span>Queue <b>{share(s.ring.size ? s.ring.used / s.ring.size : 0)}</b></span>
      <span>Kept <b>{span(kept)}</b></span>
      <span class="end">remora uses <b>{r ? r.cores.toFixed(2) : '–'}</b> cores, <b>{memory(rss)}</b></span>
      <button class="zone" onClick={() => { is_local.value = !is_local.value; write('zone', is_local.value ? 'local' : 'utc'); }} title="Change between local time and UTC">{is_local.value ? 'Local time' : 'UTC'}</button>
    </footer>
  );
}

const KEYS: [string, string][] = [
  ['/', 'query'], ['t', 'time'], ['r', 'refresh'], ['p', 'pause, and show what waits'], ['[ ]', 'shift the window'], ['j k', 'next and previous row'],
  ['Enter', 'open the row'], ['Esc', 'close'], ['f', 'only this value'], ['x', 'without this value'], ['g o', 'Overview'], ['g d', 'Discover'],
  ['g b', 'Dashboards'], ['g i', 'Settings'], ['?', 'this help'],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const d = dialog.current;
    if (!d) return;
    if (is_help_open.value && !d.open) d.showModal();
    if (!is_help_open.value && d.open) d.close();
  }, [is_help_open.value]);
  return (
    <dialog ref={dialog} class="pop helpd" aria-label="Keys and help" onClose={() => (is_help_open.value = false)} onClick={(e) => { if (e.target === dialog.current) is_help_open.value = false; }}>
      <div class="helpb">
        <header class="ph"><h1>Keys</h1><span class="end"><button class="icb" aria-label="Close" onClick={() => (is_help_open.value = false)}><Icon name="x" /></button></span></header>
        <dl class="keys">{KEYS.map(([k, v]) => <div key={k}><dt>{k.split(' ').map((x) => <span key={x} class="kbd">{x}</span>)}</dt><dd>{v}</dd></div>)}</dl>
        <h2>The query bar</h2>
        <dl class="kv qhelp">
          <dt>a word</dt><dd>upload</dd><dt>a field</dt><dd>url.path: /orders*</dd><dt>a number</dt><dd>event.duration &gt; 500000000</dd>
          <dt>one of</dt><dd>http.response.status_code: (500 or 503)</dd><dt>joined</dt><dd>status: Error and not client.ip: 192.0.2.7</dd><dt>any value</dt><dd>error.message: *</dd>
          <dt>old names</dt><dd>responsetime, client_ip, http.code … are understood</dd>
        </dl>
      </div>
    </dialog>
  );
}

/** Keys that work everywhere; those of a screen listen to remora:key. */
export function start_keys(): void {
  let is_go = false;
  addEventListener('keydown', (e) => {
    const target = e.target as HTMLElement;
    if (e.ctrlKey || e.metaKey || e.altKey || target.closest('input, textarea, select, dialog')) return;
    const key = e.key;
    if (is_go) {
      is_go = false;
      const to = { o: 'overview', d: 'discover', b: 'dashboard', i: 'settings' }[key];
      if (to) {
        location.hash = tab_href(TABS.find((t) => t.id === to)!);
        e.preventDefault();
      }
      return;
    }
    if (key === '/') document.getElementById('q')?.focus();
    else if (key === 't') dispatchEvent(new Event('remora:time'));
    else if (key === 'r') now.value = Date.now();
    else if (key === '[') shift_window(-1);
    else if (key === ']') shift_window(1);
    else if (key === '?') is_help_open.value = true;
    else if (key === 'g') is_go = true;
    else if (key === 'p' && waiting.value) dispatchEvent(new Event('remora:show'));
    else if (key === 'p') {
      is_paused.value = !is_paused.value;
      if (!is_paused.value) now.value = Date.now();
    } else {
      dispatchEvent(new CustomEvent('remora:key', { detail: e }));
      return;
    }
    e.preventDefault();
  });
}

export function title_of(): string {
  const tab = TABS.find((t) => t.id === screen.value);
  const sub = screen.value === 'dashboard' ? sub_screen.value.toUpperCase() : '';
  return `${sub || tab?.name || 'remora'} · remora`;
}

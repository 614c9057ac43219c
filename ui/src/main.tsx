/* SPDX-License-Identifier: Apache-2.0 */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { start_status, status } from './api.ts';
import { AskBar } from './ask.tsx';
import { Dashboard } from './dashboards.tsx';
import { Discover } from './discover.tsx';
import { apply_theme, BottomBar, HealthLine, Help, start_keys, title_of, TopBar } from './frame.tsx';
import { Overview } from './overview.tsx';
import { Settings } from './settings.tsx';
import { screen, set_window, start_state } from './state.ts';

function Screen() {
  switch (screen.value) {
    case 'discover':
      return <Discover />;
    case 'dashboard':
      return <Dashboard />;
    case 'settings':
      return <Settings />;
    default:
      return <Overview />;
  }
}

function Ask() {
  return screen.value === 'settings' ? null : <AskBar />;
}

/** A capture file is shown on its own time, unless the address names another. */
function show_import(): void {
  const is_given = /[?&]from=/.test(location.hash);
  let last = '';
  effect(() => {
    const s = status.value;
    if (is_given || s?.mode !== 'import' || !s.store.oldest || !s.store.newest) return;
    const span = s.store.oldest + s.store.newest;
    if (span === last) return; // the import goes on: more may have come
    last = span;
    set_window(Math.floor(Date.parse(s.store.oldest)), Math.ceil(Date.parse(s.store.newest)) + 1);
  });
}

function App() {
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to the content</a>
      <TopBar />
      <Ask />
      <main id="main" tabIndex={-1}><Screen /></main>
      <HealthLine />
      <BottomBar />
      <Help />
    </>
  );
}

apply_theme();
start_state();
start_status();
start_keys();
effect(() => {
  document.title = title_of();
});
show_import();
render(<App />, document.getElementById('app')!);

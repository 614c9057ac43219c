/* SPDX-License-Identifier: Apache-2.0 */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { start_status } from './api.ts';
import { AskBar } from './ask.tsx';
import { Dashboard } from './dashboards.tsx';
import { Discover } from './discover.tsx';
import { apply_theme, BottomBar, HealthLine, Help, start_keys, title_of, TopBar } from './frame.tsx';
import { Overview } from './overview.tsx';
import { Settings } from './settings.tsx';
import { screen, start_state } from './state.ts';

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
render(<App />, document.getElementById('app')!);

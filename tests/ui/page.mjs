// SPDX-License-Identifier: Apache-2.0
// Every screen of the page, in a real browser, over a real capture: what it shows, what it must never do.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const require = createRequire(new URL('../../ui/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const DIR = process.env.UI_DIR;
const SHOTS = process.env.SHOTS === '1' ? 'build/shots' : null;
const A = `rmuiA${process.pid}`;
const B = `rmuiB${process.pid}`;
const PAGE = 'http://127.0.0.1:9200/';
const SERVER = '198.51.100.2';
const SCREENS = ['overview', 'discover', 'dashboard/http', 'dashboard/dns', 'dashboard/icmp', 'dashboard/flows', 'settings', 'settings/indices', 'settings/capture'];
const HOSTILE = "<script>document.title='owned'</script>";

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const inside = (ns, ...command) => ['nsenter', `--net=/run/netns/${ns}`, '--', ...command]; // ip netns exec wants to mount
const children = [];
let browser;
let remora;
let began;

function sh(...command) {
  const r = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
  assert.equal(r.status, 0, `${command.join(' ')}: ${r.stderr}`);
  return r.stdout;
}

const start = (command, options) => {
  const c = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  children.push(c);
  return c;
};
const ask = (...what) => sh(...inside(A, 'python3', 'tests/ui/traffic.py', 'ask', SERVER, ...what)).trim().split('\n');

async function until(what, test_it, seconds = 10) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
    const got = await test_it();
    if (got) return got;
  }
  assert.fail(`not within ${seconds} s: ${what}`);
}

function start_remora() {
  remora = start(inside(A, process.env.REMORA, 'run', '-i', 'ua', '--data', join(DIR, 'data'), '-E', 'http.send_all_headers=true', '-E', 'http.include_response_body_for=[text/plain]'));
  return until('the page is served', () => spawnSync('nsenter', inside(A, 'curl', '-sf', `${PAGE}-/api/status`).slice(1)).status === 0);
}

before(async () => {
  sh('ip', 'netns', 'add', A);
  sh('ip', 'netns', 'add', B);
  sh('ip', 'link', 'add', 'ua', 'netns', A, 'type', 'veth', 'peer', 'name', 'ub', 'netns', B);
  for (const [ns, link, address] of [[A, 'ua', '198.51.100.1'], [B, 'ub', SERVER]]) {
    sh(...inside(ns, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6')); // not a packet of its own accord
    sh(...inside(ns, 'ip', 'link', 'set', 'lo', 'up'));
    sh(...inside(ns, 'ip', 'link', 'set', link, 'up'));
    sh(...inside(ns, 'ip', 'address', 'add', `${address}/24`, 'dev', link));
  }
  const wrapper = join(DIR, 'chromium');
  writeFileSync(wrapper, `#!/bin/sh\nexec nsenter --net=/run/netns/${A} -- /usr/bin/chromium "$@"\n`, { mode: 0o755 });
  start(inside(B, 'python3', 'tests/ui/traffic.py', 'serve', SERVER));
  browser = await chromium.launch({ executablePath: wrapper, args: ['--no-sandbox', '--disable-gpu'] });
  await start_remora();
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
});

after(async () => {
  await browser?.close();
  for (const c of children) c.kill('SIGTERM');
  await sleep(500);
  spawnSync('ip', ['netns', 'del', A]);
  spawnSync('ip', ['netns', 'del', B]);
});

/** A page that reports whatever it must not do. */
async function open(hash, { width = 1440, scheme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width, height: width < 500 ? 800 : 1000 }, colorScheme: scheme });
  const page = await context.newPage();
  page.wrong = [];
  page.on('pageerror', (e) => page.wrong.push(`error: ${e}`));
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && page.wrong.push(`${m.type()}: ${m.text()}`));
  page.on('dialog', (d) => page.wrong.push(`dialog: ${d.message()}`));
  page.on('request', (r) => r.url().startsWith(PAGE) || r.url().startsWith('data:') || page.wrong.push(`asks another origin: ${r.url()}`));
  await page.addInitScript(() => addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`)));
  await page.goto(`${PAGE}#/${hash}`);
  await page.locator('main').waitFor();
  return page;
}

const close = (page) => page.context().close();
const data_count = async (page, id) => Number(await page.getByTestId(id).getAttribute('data-count'));

test('before anything was captured the page says why there is nothing', async () => {
  const page = await open('overview');
  await until('a reason', async () => /no packet/i.test(await page.locator('main').innerText()));
  assert.deepEqual(page.wrong, []);
  await close(page);
});

test('what the client did is what the page counts', async () => {
  began = Date.now() - 1000;
  ask('ok:20', 'missing:5', 'boom:3', 'hostile', 'big', 'name:4', 'noname:2');
  await sleep(1500);
  const window = `from=${began}&to=${Date.now() + 60e3}`;
  const page = await open(`dashboard/http?${window}`);
  await until('30 transactions', async () => (await data_count(page, 'http-total')) === 30);
  await page.goto(`${PAGE}#/dashboard/dns?${window}`);
  await until('6 queries', async () => (await data_count(page, 'dns-total')) === 6);
  await page.goto(`${PAGE}#/dashboard/http?from=${began - 7200e3}&to=${began - 3600e3}`);
  await until('none in a time when there were none', async () => (await data_count(page, 'http-total')) === 0);
  assert.deepEqual(page.wrong, []);
  await close(page);
});

for (const scheme of ['light', 'dark']) {
  for (const width of [390, 1440]) {
    test(`every screen, ${scheme}, ${width} wide: accessible, nothing runs over, nothing forbidden`, async () => {
      const bad = [];
      for (const hash of SCREENS) {
        const page = await open(`${hash}?from=${began}&to=${Date.now() + 5e3}`, { width, scheme });
        await page.waitForLoadState('networkidle').catch(() => {});
        await sleep(400);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) bad.push(`${hash}: the page is ${wide} pixels wider than the window`);
        await page.evaluate(AXE);
        const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        bad.push(...found.violations.map((v) => `${hash}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`));
        bad.push(...page.wrong.map((w) => `${hash}: ${w}`));
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${hash.replace('/', '-')}-${scheme}-${width}.png`, fullPage: true });
        await close(page);
      }
      assert.deepEqual(bad, []);
    });
  }
}

test('a transaction in detail: method, path, both addresses, status, bytes', async () => {
  const bytes = Number(ask('missing')[0]);
  await sleep(1200);
  const page = await open(`discover?from=${began}&to=${Date.now() + 5e3}&q=${encodeURIComponent('url.path: "/missing"')}`, { scheme: 'dark' });
  await until('six rows', async () => (await data_count(page, 'hits')) === 6);
  await page.getByTestId('rows').getByText('/missing').first().click();
  await page.getByTestId('detail').waitFor();
  assert.match(await page.getByTestId('detail-query').innerText(), /GET\s*\/missing/);
  assert.match(await page.getByTestId('detail-status').innerText(), /404/);
  assert.match(await page.getByTestId('detail-client').innerText(), /198\.51\.100\.1/);
  assert.match(await page.getByTestId('detail-server').innerText(), /198\.51\.100\.2/);
  assert.equal(Number(await page.getByTestId('response-bytes').getAttribute('data-bytes')), bytes);
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 200)}`), []);
  await page.keyboard.press('Escape');
  await until('the detail is closed', async () => (await page.getByTestId('detail').count()) === 0);
  assert.deepEqual(page.wrong, []);
  await close(page);
});

test('hostile text stays text', async () => {
  const page = await open(`discover?from=${began}&to=${Date.now() + 5e3}&q=${encodeURIComponent('url.path: *script*')}`);
  await until('one row', async () => (await data_count(page, 'hits')) === 1);
  await page.getByTestId('rows').getByText('document.title').first().click({ timeout: 5000 });
  await page.getByTestId('detail').waitFor();
  const said = await page.locator('main').innerText();
  assert.match(said, /<script>document\.title/);
  assert.doesNotMatch(said, /[\u202a-\u202e\u2066-\u2069\u0007]/, 'direction and control characters are made visible');
  assert.doesNotMatch(await page.title(), /owned/);
  assert.equal(await page.evaluate(() => document.querySelectorAll('script:not([src])').length), 0);
  await page.goto(`${PAGE}#/discover?from=${began}&to=${Date.now() + 5e3}&q=${encodeURIComponent('url.path: "/big"')}`);
  await until('the row of a megabyte', async () => (await data_count(page, 'hits')) === 1);
  await page.getByTestId('rows').getByText('/big').first().click();
  await page.getByTestId('detail').waitFor();
  assert.ok((await page.locator('main').innerText()).length < 400_000, 'a megabyte is not poured out');
  assert.deepEqual(page.wrong, []);
  await close(page);
});

test('query bar: filters, and says what is wrong', async () => {
  const page = await open(`discover?from=${began}&to=${Date.now() + 5e3}`);
  await page.keyboard.press('/');
  await page.keyboard.type('http.response.status_code >= 500');
  await page.keyboard.press('Enter');
  await until('three errors', async () => (await data_count(page, 'hits')) === 3);
  await page.keyboard.press('/');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('status: (');
  await page.keyboard.press('Enter');
  await until('a sentence about it', async () => /too early|missing/.test(await page.locator('body').innerText()));
  assert.deepEqual(page.wrong, []);
  await close(page);
});

test('keys: rows, detail, help', async () => {
  const page = await open(`discover?from=${began}&to=${Date.now() + 5e3}`);
  await until('rows', async () => (await data_count(page, 'hits')) > 10);
  await page.getByTestId('rows').waitFor();
  await sleep(500); // as fast as a person
  for (const key of ['j', 'j', 'Enter']) await page.keyboard.press(key, { delay: 40 });
  await page.getByTestId('detail').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  assert.deepEqual(page.wrong, []);
  await close(page);
});

test('live: a request is a row within two seconds', async () => {
  const page = await open('discover');
  await until('rows', async () => (await page.getByTestId('rows').count()) === 1);
  await sleep(1500);
  const at = Date.now();
  ask('live-now');
  await page.getByTestId('rows').getByText('/live-now').first().waitFor({ timeout: 3000 });
  const ms = Date.now() - at;
  assert.ok(ms < 2000, `${ms} ms`);
  assert.deepEqual(page.wrong, []);
  await close(page);
});

test('the page lives through a restart of remora', async () => {
  const page = await open('discover');
  await page.getByTestId('health-state').waitFor();
  remora.kill('SIGTERM');
  await until('it says that nobody answers', async () => /no answer/i.test(await page.locator('footer').innerText()), 15);
  await start_remora();
  await until('it is back', async () => /capturing/i.test(await page.getByTestId('health-state').innerText().catch(() => '')), 15);
  ask('after-restart');
  await page.getByTestId('rows').getByText('/after-restart').first().waitFor({ timeout: 10_000 });
  await close(page);
});

if (SHOTS) {
  test('the pictures of the README (docs/img)', async () => {
    mkdirSync('docs/img', { recursive: true });
    const from = Date.now();
    for (let i = 0; i < 45; i++) {
      ask(`ok:${8 + Math.round(6 * Math.sin(i / 5))}`, `name:${3 + (i % 3)}`, ...(i % 4 === 0 ? ['missing'] : []), ...(i % 9 === 5 ? ['boom:2', 'noname'] : []));
      await sleep(900);
    }
    await sleep(1500);
    const picture = async (name, hash, scheme, act) => {
      const page = await open(hash, { scheme });
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.waitForLoadState('networkidle').catch(() => {});
      await sleep(2500);
      await act?.(page);
      await page.screenshot({ path: `docs/img/${name}.png` });
      await close(page);
    };
    const window = `from=${from}&to=${Date.now()}`;
    await picture('overview', `overview?${window}`, 'light');
    await picture('discover', `discover?${window}&f=${encodeURIComponent('!type=flow')}`, 'dark', async (page) => {
      await page.getByTestId('rows').getByText('/products/').first().click();
      await page.getByTestId('detail').waitFor();
      await sleep(800);
    });
  });
}

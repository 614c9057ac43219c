// SPDX-License-Identifier: Apache-2.0
// A Docker host with containers and a machine outside (docker-lab.sh): what the page says is what was done.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

const { chromium } = createRequire(new URL('../../ui/package.json', import.meta.url))('playwright-core');
const { LAB_NETNS, LAB_OUTSIDE_NETNS, LAB_URL, LAB_SCRIPT, REMORA, E2E_DIR } = process.env;
const HOST = ['nsenter', `--net=/run/netns/${LAB_NETNS}`, '--'];
const OUTSIDE = ['nsenter', `--net=/run/netns/${LAB_OUTSIDE_NETNS}`, '--'];
const CLIENT = ['bash', LAB_SCRIPT, 'exec-client'];
const PAGE = 'http://127.0.0.1:9200/';

function run(prefix, ...command) {
  const all = [...prefix, ...command];
  const r = spawnSync(all[0], all.slice(1), { encoding: 'utf8' });
  assert.equal(r.status, 0, `${all.join(' ')}: ${r.stderr}`);
  return r.stdout;
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, ask, seconds = 10) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
    const got = await ask();
    if (got) return got;
  }
  assert.fail(`not within ${seconds} s: ${what}`);
}

/** The program on an interface, with an empty data directory; ended by stop(). */
async function start(name) {
  const data = join(E2E_DIR, name);
  const child = spawn(HOST[0], [...HOST.slice(1), REMORA, 'run', '-i', name, '--data', data], { stdio: ['ignore', 'inherit', 'pipe'] });
  let log = '';
  child.stderr.on('data', (d) => (log += d));
  await until('the page is served', () => spawnSync(HOST[0], [...HOST.slice(1), 'curl', '-sf', `${PAGE}-/api/status`]).status === 0).catch((e) => {
    child.kill();
    throw new Error(`${e.message}\n${log}`);
  });
  return async () => {
    const over = new Promise((done) => child.on('exit', (code) => done(code)));
    child.kill('SIGTERM');
    assert.equal(await over, 0, `remora did not end well\n${log}`);
    assert.doesNotMatch(log, /error/, 'packets never cause an error line');
  };
}

/** Chromium in the namespace of the Docker host, reached over a pipe. */
async function browse(work) {
  const wrapper = join(E2E_DIR, 'chromium');
  spawnSync('sh', ['-c', `printf '#!/bin/sh\\nexec nsenter --net=/run/netns/%s -- /usr/bin/chromium "$@"\\n' ${LAB_NETNS} >${wrapper} && chmod 755 ${wrapper}`]);
  const browser = await chromium.launch({ executablePath: wrapper, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    const wrong = [];
    page.on('pageerror', (e) => wrong.push(String(e)));
    page.on('console', (m) => m.type() === 'error' && wrong.push(m.text()));
    await work(page);
    assert.deepEqual(wrong, []);
  } finally {
    await browser.close();
  }
}

async function total(page, from, to, query = '') {
  await page.goto('about:blank');
  await page.goto(`${PAGE}#/dashboard/http?from=${from}&to=${to}${query ? '&q=' + encodeURIComponent(query) : ''}`);
  const at = page.getByTestId('http-total');
  await at.waitFor();
  await page.waitForLoadState('networkidle');
  return Number(await at.getAttribute('data-count'));
}

for (const name of ['docker0', 'any']) {
  test(`ten requests through the published port, seen on ${name}`, async () => {
    const stop = await start(name);
    const before = Date.now() - 1000;
    for (let i = 0; i < 10; i++) run(OUTSIDE, 'curl', '-sf', '-o', '/dev/null', LAB_URL);
    const bytes = Number(run(CLIENT, 'curl', '-s', '-o', '/dev/null', '-w', '%{size_header} %{size_download}', 'http://198.51.100.2/from-another').split(' ').reduce((a, b) => Number(a) + Number(b), 0));
    await sleep(1500);
    const after = Date.now() + 1000;

    await browse(async (page) => {
      assert.equal(await total(page, before, after, 'url.path: "/"'), 10, 'ten requests from outside, each once');
      assert.equal(await total(page, before, after, 'url.path: "/from-another"'), 1, 'one from another container');
      assert.equal(await total(page, before, after), 11, 'and nothing else: not what the page itself asks');
      assert.equal(await total(page, before - 7200e3, before - 3600e3), 0, 'none in a time when there were none');

      await page.goto('about:blank');
      await page.goto(`${PAGE}#/discover?from=${before}&to=${after}&q=${encodeURIComponent('url.path: "/from-another"')}`);
      await until('one row', async () => (await page.getByTestId('hits').getAttribute('data-count')) === '1');
      await page.getByTestId('rows').getByText('/from-another').first().click();
      await page.getByTestId('detail').waitFor();
      assert.match(await page.getByTestId('detail-query').innerText(), /GET\s*\/from-another/);
      assert.match(await page.getByTestId('detail-status').innerText(), /404|200/);
      assert.match(await page.getByTestId('detail-client').innerText(), /198\.51\.100\.4/);
      assert.match(await page.getByTestId('detail-server').innerText(), /198\.51\.100\.2/);
      assert.equal(Number(await page.getByTestId('response-bytes').getAttribute('data-bytes')), bytes, 'bytes as the client counted them');
    });

    const found = JSON.parse(run(HOST, 'curl', '-sf', '-XGET', 'http://localhost:9200/packetbeat-*/_search?pretty'));
    assert.ok(found.hits.total.value >= 11 && found.hits.hits.length === 10, 'the article\'s search');
    const lines = run(HOST, 'curl', '-sf', 'localhost:9200/_cat/indices?v').trim().split('\n');
    assert.match(lines[0], /^health\s+status\s+index\s/);
    assert.match(lines[1], /remora-traffic-\d{4}\.\d\d\.\d\d/);
    await stop();
  });
}

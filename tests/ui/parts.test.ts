// SPDX-License-Identifier: Apache-2.0
// The page's small parts: the query language, numbers, times.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, cell_text, count, latency, share, short, span, visible } from '../../ui/src/format.ts';
import { kql, KqlError } from '../../ui/src/kql.ts';
import { parse_time, step_of } from '../../ui/src/time.ts';

/** The leaves of a query with what joins them, as a short text. */
function plain(q: any): string {
  if (q.bool) {
    const part = (name: string, word: string) => (q.bool[name] ? [(q.bool[name] as any[]).map(plain).join(` ${word} `)] : []);
    return `(${[...part('filter', 'and'), ...part('must', 'and'), ...part('should', 'or'), ...(q.bool.must_not ? [`not ${(q.bool.must_not as any[]).map(plain).join(', ')}`] : [])].join(' ; ')})`;
  }
  const [kind, body] = Object.entries(q)[0] as [string, any];
  if (kind === 'exists') return `exists ${body.field}`;
  if (kind === 'multi_match' || kind === 'query_string') return `text ${body.query}`;
  const [field, value] = Object.entries(body)[0] as [string, any];
  return `${kind} ${field} ${JSON.stringify(value?.query ?? value?.value ?? value)}`;
}

test('a field with a value, a pattern, anything', () => {
  assert.match(plain(kql('status: OK')), /status "OK"/);
  assert.match(plain(kql('url.path: /api/*')), /wildcard url\.path/);
  assert.equal(plain(kql('dns.question.name: *')), 'exists dns.question.name');
  assert.match(plain(kql('url.path: "/a b"')), /"\/a b"/);
});

test('and binds tighter than or; not; brackets', () => {
  assert.match(plain(kql('a: 1 or b: 2 and c: 3')), /a .*or \(.*b .*and .*c /);
  assert.match(plain(kql('not a: 1')), /not .*a /);
  assert.match(plain(kql('(a: 1 or b: 2) and c: 3')), /\(.*or.*\) and/);
  assert.match(plain(kql('a: (1 or 2)')), /a "?1"? or .*a "?2"?/);
});

test('ranges', () => {
  assert.deepEqual(kql('http.response.status_code >= 500'), { range: { 'http.response.status_code': { gte: 500 } } });
  assert.match(JSON.stringify(kql('a > 1 and a <= 5')), /"gt":1\b.*"lte":5\b/);
});

test('errors say where', () => {
  for (const [text, at] of [['a: (', 4], ['a:', 2], ['"open', 0], ['and', 0], ['a b )', 4]] as [string, number][]) {
    assert.throws(() => kql(text), (e: KqlError) => e instanceof KqlError && e.at === at, `${text}: position ${at}`);
  }
});

test('nesting and length are bounded', () => {
  assert.throws(() => kql('('.repeat(1000) + 'a' + ')'.repeat(1000)), KqlError);
  assert.throws(() => kql('a '.repeat(10_000)), KqlError);
});

test('numbers as people read them', () => {
  assert.equal(count(0), '0');
  assert.match(count(1234567), /^1\D234\D567$/);
  assert.equal(short(123456), '123 k');
  assert.equal(latency(412_000), '0.41 ms');
  assert.match(latency(3_210_000), /^3\.21 ms$/);
  assert.match(bytes(1536), /^1\.5/);
  assert.equal(share(0), '0 %');
  assert.notEqual(share(0.00001), '0 %', 'a little is not nothing');
  assert.notEqual(share(0.99999), '100 %', 'nearly all is not all');
  assert.equal(span(250), '250 ms');
});

test('control and direction characters are made visible', () => {
  const text = visible('a\u202eb\u0000c\u0007<script>');
  assert.doesNotMatch(text, /[\u0000-\u0008\u202a-\u202e\u2066-\u2069]/);
  assert.match(text, /<script>/);
  assert.ok(cell_text('x'.repeat(1_000_000)).length < 1000, 'a megabyte is cut');
});

test('times, relative and absolute', () => {
  const now = Date.UTC(2026, 0, 31, 12, 0, 0);
  assert.equal(parse_time('now', now, false), now);
  assert.equal(parse_time('now-15m', now, false), now - 900e3);
  assert.equal(parse_time('now-1d', now, false), now - 86400e3);
  assert.equal(parse_time('2026-01-30T10:00:00Z', now, false), Date.UTC(2026, 0, 30, 10));
  assert.equal(parse_time('nonsense', now, false), undefined);
  for (const ms of [1000, 60e3, 900e3, 86400e3, 30 * 86400e3]) {
    const n = ms / step_of({ from: 0, to: ms });
    assert.ok(n >= 5 && n <= 130, `${ms} ms in ${n} steps`);
  }
});

/* SPDX-License-Identifier: Apache-2.0 */
/* How a transaction ended, as colour and word; the same five classes in rows and in charts. */
import { pick, Source } from './api.ts';
import { Query } from './kql.ts';

export type Outcome = 'ok' | 'cerr' | 'serr' | 'none';

export const OUTCOMES: { id: Outcome; word: string }[] = [
  { id: 'ok', word: 'Answered' },
  { id: 'serr', word: 'Server error' },
  { id: 'none', word: 'Unanswered' },
  { id: 'cerr', word: 'Client error' },
];

const UNANSWERED: Query = { match_phrase: { 'error.message': 'Unmatched request' } };
const CLIENT_ERROR: Query = {
  bool: {
    should: [
      { range: { 'http.response.status_code': { gte: 400, lt: 500 } } },
      { terms: { 'dns.response_code': ['NXDOMAIN', 'FORMERR', 'REFUSED', 'NOTAUTH', 'NOTZONE'] } },
    ],
    minimum_should_match: 1,
  },
};

export const OUTCOME_QUERY: Record<Outcome, Query> = {
  ok: { term: { status: 'OK' } },
  cerr: { bool: { filter: [CLIENT_ERROR], must_not: [UNANSWERED, { term: { status: 'OK' } }] } },
  none: UNANSWERED,
  serr: { bool: { must_not: [{ term: { status: 'OK' } }, UNANSWERED, CLIENT_ERROR], filter: [{ exists: { field: 'status' } }] } },
};

/** Only transactions: no flows. */
export const TRANSACTIONS: Query = { bool: { must_not: [{ term: { type: 'flow' } }] } };

const CLIENT_CODES = ['NXDOMAIN', 'FORMERR', 'REFUSED', 'NOTAUTH', 'NOTZONE'];

export function outcome_of(s: Source): Outcome {
  if (pick(s, 'status') === 'OK' || pick(s, 'status') === undefined) return 'ok';
  const note = pick(s, 'error.message');
  if (String(note ?? '').includes('Unmatched request')) return 'none';
  const code = Number(pick(s, 'http.response.status_code'));
  if (code >= 400 && code < 500) return 'cerr';
  return CLIENT_CODES.includes(String(pick(s, 'dns.response_code'))) ? 'cerr' : 'serr';
}

/** What stands in the column "Answer": the code of the protocol, or a word. */
export function answer_of(s: Source): string {
  const code = pick(s, 'http.response.status_code') ?? pick(s, 'dns.response_code');
  if (code !== undefined) return String(code);
  const o = outcome_of(s);
  if (o === 'none') return 'none';
  if (pick(s, 'type') === 'flow') return String(pick(s, 'flow.state') ?? 'flow');
  return o === 'ok' ? 'OK' : 'Error';
}

const FAMILIES: Record<string, string> = {
  http: 'web', http2: 'web', dns: 'dns', icmp: 'infra', flow: 'infra', tls: 'infra', dhcpv4: 'infra',
  mysql: 'db', pgsql: 'db', mongodb: 'db', cassandra: 'db', redis: 'cache', memcache: 'cache', thrift: 'rpc', amqp: 'rpc', nfs: 'rpc',
};

export function family_of(type: string): string {
  return FAMILIES[type] ?? 'other';
}

const NAMES: Record<string, string> = {
  mysql: 'MySQL', pgsql: 'PgSQL', mongodb: 'Mongo', cassandra: 'CQL', redis: 'Redis', memcache: 'Memc', thrift: 'Thrift', flow: 'flow',
};

export function proto_name(type: string): string {
  return NAMES[type] ?? type.toUpperCase();
}

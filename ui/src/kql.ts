/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query bar's language (KQL) to Elasticsearch's query DSL.
 *
 *   word  "some words"  field: value  field: val*  field: *  field >= 3
 *   field: (a or b)   not x   x and y   x or y   ( … )
 *
 * Words that stand beside each other are joined by "and".
 */

export type Query = Record<string, unknown>;

export class KqlError extends Error {
  constructor(message: string, readonly at: number) {
    super(message);
  }
}

interface Token {
  kind: 'word' | 'text' | '(' | ')' | ':' | '<' | '<=' | '>' | '>=' | 'and' | 'or' | 'not' | 'end';
  text: string;
  at: number;
  spaced: boolean; // blank before it
}

const MAX_LENGTH = 8192;
const MAX_DEPTH = 50;

function tokens_of(source: string): Token[] {
  const out: Token[] = [];
  let i = 0;
  if (source.length > MAX_LENGTH) throw new KqlError(`The query is longer than ${MAX_LENGTH} characters.`, MAX_LENGTH);
  while (i < source.length) {
    const at = i;
    const c = source[i]!;
    if (/\s/.test(c)) {
      i++;
      continue;
    }
    const spaced = at > 0 && /\s/.test(source[at - 1]!);
    if (c === '(' || c === ')' || c === ':') {
      out.push({ kind: c, text: c, at, spaced });
      i++;
    } else if (c === '<' || c === '>') {
      const kind = source[i + 1] === '=' ? (`${c}=` as '<=' | '>=') : c;
      out.push({ kind, text: kind, at, spaced });
      i += kind.length;
    } else if (c === '"') {
      let text = '';
      for (i++; i < source.length && source[i] !== '"'; i++) {
        if (source[i] === '\\' && i + 1 < source.length) i++;
        text += source[i];
      }
      if (i >= source.length) throw new KqlError('A quotation mark is missing at the end.', at);
      i++;
      out.push({ kind: 'text', text, at, spaced });
    } else {
      let text = '';
      for (; i < source.length && !/[\s():<>"]/.test(source[i]!); i++) {
        if (source[i] === '\\' && i + 1 < source.length) i++;
        text += source[i];
      }
      // A colon inside an address or a URL belongs to the word: 2001:db8::1
      while (source[i] === ':' && /[\w:/]/.test(source[i + 1] ?? '') && out[out.length - 1]?.kind === ':') {
        text += source[i++];
        for (; i < source.length && !/[\s():<>"]/.test(source[i]!); i++) text += source[i];
      }
      const low = text.toLowerCase();
      out.push({ kind: low === 'and' || low === 'or' || low === 'not' ? low : 'word', text, at, spaced });
    }
  }
  out.push({ kind: 'end', text: '', at: source.length, spaced: false });
  return out;
}

function scalar(text: string): string | number | boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return /^-?\d+(\.\d+)?$/.test(text) && text.length < 16 ? Number(text) : text;
}

function words_query(text: string, is_quoted: boolean): Query {
  const escaped = text.replace(is_quoted ? /["\\]/g : /[+\-!(){}[\]^"~:\\/&|=<>]/g, '\\$&');
  return { query_string: { query: is_quoted ? `"${escaped}"` : escaped, default_operator: 'AND' } };
}

function value_query(field: string, t: Token): Query {
  if (t.kind === 'text') return { match_phrase: { [field]: t.text } };
  if (t.text === '*') return { exists: { field } };
  if (t.text.includes('*')) return { wildcard: { [field]: { value: t.text } } };
  return { match: { [field]: scalar(t.text) } };
}

class Parser {
  private at = 0;
  constructor(private readonly tokens: Token[]) {}

  private get token(): Token {
    return this.tokens[this.at]!;
  }

  private take(): Token {
    return this.tokens[this.at++]!;
  }

  whole(): Query {
    const q = this.or(0);
    if (this.token.kind !== 'end') throw new KqlError(`"${this.token.text}" was not expected here.`, this.token.at);
    return q;
  }

  private or(depth: number, field?: string): Query {
    if (depth > MAX_DEPTH) throw new KqlError('Too many brackets inside each other.', this.token.at);
    const all = [this.and(depth, field)];
    while (this.token.kind === 'or') {
      this.take();
      all.push(this.and(depth, field));
    }
    return all.length === 1 ? all[0]! : { bool: { should: all, minimum_should_match: 1 } };
  }

  private and(depth: number, field?: string): Query {
    const all = [this.not(depth, field)];
    for (;;) {
      const kind = this.token.kind;
      if (kind === 'and') this.take();
      else if (kind === 'end' || kind === ')' || kind === 'or') break;
      all.push(this.not(depth, field));
    }
    return all.length === 1 ? all[0]! : { bool: { must: all } };
  }

  private not(depth: number, field?: string): Query {
    if (this.token.kind !== 'not') return this.one(depth, field);
    this.take();
    return { bool: { must_not: [this.one(depth, field)] } };
  }

  private one(depth: number, field?: string): Query {
    const t = this.take();
    if (t.kind === '(') {
      const q = this.or(depth + 1, field);
      if (this.token.kind !== ')') throw new KqlError('A closing bracket is missing.', this.token.at);
      this.take();
      return q;
    }
    if (t.kind === 'not') return { bool: { must_not: [this.one(depth, field)] } };
    if (t.kind !== 'word' && t.kind !== 'text')
      throw new KqlError(t.kind === 'end' ? 'The query ends too early.' : `"${t.text}" was not expected here.`, t.at);
    if (field) return value_query(field, t);
    switch (this.token.kind) {
      case ':':
        return this.after_colon(t, depth);
      case '<': case '<=': case '>': case '>=': {
        const op = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' }[this.take().kind as '<' | '<=' | '>' | '>='];
        const v = this.take();
        if (v.kind !== 'word' && v.kind !== 'text') throw new KqlError(`A value is missing after ${t.text}.`, v.at);
        return { range: { [t.text]: { [op]: v.kind === 'text' ? v.text : scalar(v.text) } } };
      }
      default:
        return words_query(t.text, t.kind === 'text');
    }
  }

  private after_colon(name: Token, depth: number): Query {
    this.take();
    if (this.token.kind === '(') return this.one(depth, name.text);
    const op = this.token.kind;
    if (op === '<' || op === '<=' || op === '>' || op === '>=') {
      this.at--; // "field: >= 3" is "field >= 3"
      this.tokens.splice(this.at, 1);
      this.at--;
      return this.one(depth);
    }
    const v = this.take();
    if (v.kind !== 'word' && v.kind !== 'text') throw new KqlError(`A value is missing after ${name.text}:`, v.at);
    return value_query(name.text, v);
  }
}

/** The DSL of a text; an empty one matches everything. Throws KqlError with what and where. */
export function kql(source: string): Query {
  return source.trim() === '' ? { match_all: {} } : new Parser(tokens_of(source)).whole();
}

/** A value as it must be written behind "field:". */
export function kql_value(value: unknown): string {
  const text = String(value);
  return /^[\w.@/-]+$/.test(text) && !/^(and|or|not)$/i.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

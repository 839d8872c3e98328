import { inspect } from 'node:util';
import type { Setting, SettingType } from '../schema/setting.js';
import { closest } from './did-you-mean.js';

/** A whole connection string pasted into a setting that takes a part of it. */
const looksSecret = /(key|password|pwd|secret|token)\s*=|:\/\/[^/]*@/i;

/** What was given, for a message: short, and never the content of a secret. */
export function describeValue(value: unknown, secret: boolean): string {
  if (value === null) return 'empty';
  if (value === '') return 'empty text';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a block of settings';
  if (typeof value === 'string') {
    if (secret || looksSecret.test(value)) return 'text that is not shown';
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  }
  return secret || typeof value === 'function' ? `a ${typeof value}` : inspect(value);
}

/** What the setting takes instead of `value`, as a sentence. */
export function describeExpectation({ type, path, secret }: Setting, value: unknown): string {
  const wanted = `Give ${describeType(type)}`;
  if (secret) return `${wanted}, or a reference such as env:${path.replace('.', '_').toUpperCase()}.`;
  if (typeof value !== 'string') return `${wanted}.`;
  if (type.kind === 'choice') {
    const meant = closest(value, type.choices);
    return meant === undefined ? `${wanted}.` : `${wanted}. Did you mean "${meant}"?`;
  }
  const isQuoted =
    (type.kind === 'truth' && /^(true|false)$/i.test(value)) ||
    (type.kind === 'number' && /^-?\d+$/.test(value));
  return isQuoted ? `${wanted}, without quotes.` : `${wanted}.`;
}

export function describeType(type: SettingType): string {
  switch (type.kind) {
    case 'text':
      return type.maximumLength === undefined ? 'text' : `text of at most ${type.maximumLength} characters`;
    case 'address':
      return 'an address that starts with https://';
    case 'truth':
      return 'true or false';
    case 'choice':
      return type.choices.map((choice) => `"${choice}"`).join(' or ');
    case 'number':
      return type.maximum >= Number.MAX_SAFE_INTEGER
        ? `a whole number, ${type.minimum} or more`
        : `a whole number from ${type.minimum} to ${type.maximum}`;
  }
}

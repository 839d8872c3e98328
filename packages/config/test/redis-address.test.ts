import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRedisAddress } from '../src/settle/redis-address.js';

test.each([
  ['redis://localhost', { host: 'localhost', port: 6379, tls: false }],
  ['rediss://h:6380', { host: 'h', port: 6380, tls: true }],
  ['redis://h/', { host: 'h', port: 6379, tls: false }],
  ['redis://h:1/15', { host: 'h', port: 1, tls: false, db: 15 }],
  ['redis://user@h', { host: 'h', port: 6379, tls: false, username: 'user' }],
  ['redis://:p%40ss%2F%3A@h', { host: 'h', port: 6379, tls: false, password: 'p@ss/:' }],
  ['redis://[::1]:7000', { host: '::1', port: 7000, tls: false }],
  [
    'rediss://:key=@cache.example.com:6380',
    { host: 'cache.example.com', port: 6380, tls: true, password: 'key=' },
  ],
])('%s', (text, parts) => {
  expect(parseRedisAddress(text)).toEqual(parts);
});

test.each([
  '',
  'localhost',
  'localhost:6379',
  'http://h',
  'redis://',
  'redis:///1',
  'redis://h:0',
  'redis://h:99999',
  '/tmp/redis.sock',
  'redis://:a/b@h',
  'redis://h/x',
  'redis://h/70000',
  'redis://h?a=1',
  'redis://h#x',
  'redis://%@h',
])('%j is refused', (text) => {
  expect(parseRedisAddress(text)).toHaveProperty('failure');
});

test('any user and password survive the way into an address and out of it', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 65_535 }), (username, password, port) => {
      const address = `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@host:${port}`;
      expect(parseRedisAddress(address)).toEqual({ host: 'host', port, tls: false, username, password });
    }),
  );
});

import { expect, test } from 'vitest';
import { aboutFile } from '../../src/read/not-readable.ts';
import { decode, readText } from '../../src/read/read-text.ts';
import { folderWith } from '../support/folders.ts';

test.each([
  ['UTF-8', Buffer.from('Grüße © 2020'), 'Grüße © 2020'],
  ['UTF-8 with a mark', Buffer.from('\uFEFFGrüße'), 'Grüße'],
  ['UTF-16 LE', Buffer.from('\uFEFFGrüße', 'utf16le'), 'Grüße'],
  ['UTF-16 BE', Buffer.from('\uFEFFGrüße', 'utf16le').swap16(), 'Grüße'],
  ['Windows-1252', Buffer.from([0x47, 0x72, 0xfc, 0xdf, 0x65, 0x20, 0xa9, 0x20, 0x93]), 'Grüße © “'],
  ['nothing', Buffer.alloc(0), ''],
])('reads %s', (_what, bytes, text) => {
  expect(decode(bytes)).toBe(text);
});

test('says where a file stops being text', () => {
  expect(() => decode(Buffer.from([0x89, 0x50, 0, 1]))).toThrow('Not a text file: byte 2 of 4 is 0.');
});

test.each([
  ['a missing file', 'LICENSE', /^x\/LICENSE: It is not there/],
  ['a folder', '', /^x\/LICENSE: It is a folder/],
])('%s is named, and not tried again', async (_what, file, message) => {
  const folder = folderWith();
  const error = await readText(`${folder}/${file}`).catch((cause: unknown) => aboutFile('x/LICENSE', cause));
  expect(error).toMatchObject({ name: 'NotReadable', message: expect.stringMatching(message) });
});

test('what may pass is an ordinary error, which the retry policy tries again', () => {
  const error = aboutFile('x', Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
  expect(error.name).toBe('Error');
});

import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { composeReport } from '../../src/report/audit-report.ts';
import { escapeHtml, Html, markup } from '../../src/report/escape-html.ts';
import { renderHtml } from '../../src/report/html.ts';
import { script } from '../../src/report/html-script.ts';
import { hostileReport, smallReport } from '../support/report.ts';

test('a template escapes every value, and keeps only what is Html', () => {
  const text =
    markup`<p title="${'"<&>\''}">${'<b>'}${markup`<i>${'&'}</i>`}${[markup`1`, markup`2`]}${3}</p>`.text;
  expect(text).toBe('<p title="&quot;&lt;&amp;&gt;&#39;">&lt;b&gt;<i>&amp;</i>123</p>');
  expect(new Html('<b>').text).toBe('<b>');
  expect(escapeHtml('')).toBe('');
});

test('the page loads nothing and closes what it opens', async () => {
  const page = renderHtml(await smallReport());
  expect(page).not.toMatch(/\b(?:src|href)=|url\(|@import|<link|<iframe/);
  expect(page).toContain(`default-src 'none'`);
  for (const tag of [
    'table',
    'tr',
    'td',
    'ul',
    'li',
    'p',
    'article',
    'section',
    'details',
    'div',
    'span',
    'code',
    'h2',
    'dl',
    'select',
  ]) {
    const count = (pattern: string): number => page.match(new RegExp(pattern, 'g'))?.length ?? 0;
    expect(count(`<${tag}[ >]`), tag).toBe(count(`</${tag}>`));
  }
  expect(page).not.toMatch(/undefined|\[object|NaN/);
});

test('text from files does not become markup', async () => {
  const page = renderHtml(await hostileReport());
  const outside = page.replace(/<style>[^]*?<\/style>/, '').replace(`<script>${script}</script>`, '');
  expect(outside).not.toMatch(/<(?:script|img|svg)\b/);
  expect(outside.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son\w+=/);
  expect(outside).not.toMatch(/<b onclick|<i>\//);
  expect(outside).toContain('&lt;script&gt;');
});

test('its script is JavaScript', () => {
  expect(() => new Script(script)).not.toThrow();
});

test('nothing installed is said in a sentence', () => {
  const report = composeReport(
    {
      folder: '/x',
      startedAt: '2026-01-01T00:00:00.000Z',
      packages: [],
      groups: [],
      explanations: [],
      problems: [],
      failures: [],
    },
    '2026-01-01T00:00:01.000Z',
  );
  expect(renderHtml(report)).toContain('No installed packages were found');
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  containerDefinition,
  cosmosContainers,
  cosmosDatabaseName,
  cosmosTemplate,
} from '@certoai/loom-core/cosmos';
import { expect, test } from 'vitest';
import { layoutDifferences } from '../../src/cosmos/cosmos-layout.js';

const root = join(import.meta.dirname, '../../../..');
const layouts = Object.values(cosmosContainers);

test('the template makes the database and every container as the table says', () => {
  const template = readFileSync(join(root, cosmosTemplate), 'utf8');
  const block = /^var containers = \[\n([^]*?)^\]$/m.exec(template)?.[1];
  const written = layouts.map((layout) => {
    const { id, defaultTtl, indexingPolicy } = containerDefinition(layout);
    const paths = indexingPolicy.includedPaths.map(({ path }) => `      '${path}'\n`).join('');
    return `  {\n    name: '${id}'\n    ttl: ${defaultTtl}\n    includedPaths: [\n${paths}    ]\n  }\n`;
  });
  expect(block).toBe(written.join(''));
  expect(template).toContain(`param databaseName string = '${cosmosDatabaseName}'`);
  expect(template).toMatch(/paths: \[\s+'\/pk'\s+\]\s+kind: 'Hash'\s+version: 2/);
});

test.each(layouts)(
  '$name as it is defined has no differences, and as the service makes it by default it may be',
  (layout) => {
    expect(layoutDifferences(layout, containerDefinition(layout))).toEqual([]);
    const indexedAltogether = {
      indexingMode: 'consistent',
      includedPaths: [{ path: '/*' }],
      excludedPaths: [],
    };
    const found = { ...containerDefinition(layout), indexingPolicy: indexedAltogether };
    expect(layoutDifferences(layout, found)).toEqual([]);
  },
);

test('what would lose items or break queries is a difference', () => {
  const { summaries, actorTypes } = cosmosContainers;
  const definition = containerDefinition(summaries);
  const differences = (fields: object): readonly string[] =>
    layoutDifferences(summaries, { ...definition, ...fields });
  expect(differences({ partitionKey: { paths: ['/id'], version: 2 } })).toEqual([
    'its partition key path is /id, not /pk',
  ]);
  expect(differences({ partitionKey: { paths: ['/pk'], version: 1 } })[0]).toMatch(/version 1/);
  expect(differences({ defaultTtl: undefined })).toEqual(['its default time to live is off, not 2592000']);
  expect(differences({ defaultTtl: 60 })).toEqual([]);
  expect(differences({ indexingPolicy: { includedPaths: [{ path: '/pk/?' }] } })[0]).toMatch(
    /^its index lacks \/sortKey\/\?, /,
  );
  expect(layoutDifferences(actorTypes, { ...containerDefinition(actorTypes), defaultTtl: 60 })[0]).toMatch(
    /must stay/,
  );
  // Some of its items end by themselves.
  const { outbox } = cosmosContainers;
  expect(layoutDifferences(outbox, { ...containerDefinition(outbox), defaultTtl: undefined })).toEqual([
    'its default time to live is off, not -1',
  ]);
  expect(
    layoutDifferences(actorTypes, { ...containerDefinition(actorTypes), defaultTtl: undefined }),
  ).toEqual([]);
  expect(layoutDifferences(actorTypes, undefined)).toContain('its partition key path is none, not /pk');
});

import { beforeAll, describe, expect, test } from 'vitest';
import type { Container, SqlParameter } from '@azure/cosmos';
import { describeContract, fresh, refusal } from './target.js';

const people = [
  {
    id: 'ada',
    mixed: null,
    n: 1,
    name: 'Ada',
    city: 'London',
    tags: ['math', 'poetry'],
    address: { zip: '1', floor: 2 },
    born: 1815,
    note: null,
  },
  {
    id: 'bob',
    mixed: true,
    n: 2,
    name: 'Bob',
    city: 'Paris',
    tags: ['music'],
    address: { zip: '2', floor: 1 },
    born: 1940,
  },
  {
    id: 'cyd',
    mixed: 3,
    n: 3,
    name: 'Cyd',
    city: 'London',
    tags: [],
    born: 1922,
    orders: [{ sku: 'x', amount: 5 }],
  },
  {
    id: 'dot',
    mixed: 'x',
    n: 4,
    name: 'dot',
    city: 'Paris',
    tags: ['math', 'music'],
    born: 1949,
    orders: [
      { sku: 'x', amount: 1 },
      { sku: 'y', amount: 7 },
    ],
  },
  { id: 'eve', n: 'five', name: '100% _Eve', active: true, tags: [{ kind: 'a', level: 2 }] },
];

const list = (text: string): string[] => (text === '' ? [] : text.split(' '));

/** A condition on `c`, and the ids it holds for. */
const conditions: readonly (readonly [string, string])[] = [
  ['c.n = 2', 'bob'],
  ['c.n != 2', 'ada cyd dot'],
  ['c.n >= 3', 'cyd dot'],
  ['c.n > 1 AND c.n < 4', 'bob cyd'],
  ['c.city = "Paris" OR c.n = 1', 'ada bob dot'],
  ['NOT (c.city = "Paris")', 'ada cyd'],
  ['NOT c.active', ''],
  ['c.n IN (1, 4, 9)', 'ada dot'],
  ['c.n NOT IN (1, 4)', 'bob cyd eve'],
  ['c.n BETWEEN 2 AND 3', 'bob cyd'],
  ['c.born + 10 > 1950 AND c.born % 2 = 1', 'dot'],
  ['c.address.zip = "2"', 'bob'],
  ['c["address"]["zip"] = "1"', 'ada'],
  ['c.tags[1] = "poetry"', 'ada'],
  ['ARRAY_CONTAINS(c.tags, "math")', 'ada dot'],
  ['ARRAY_CONTAINS(c.tags, { "kind": "a" })', ''],
  ['ARRAY_CONTAINS(c.tags, { "kind": "a" }, true)', 'eve'],
  ['ARRAY_CONTAINS(["London", "Rome"], c.city)', 'ada cyd'],
  ['ARRAY_LENGTH(c.tags) = 0', 'cyd'],
  ['IS_DEFINED(c.address)', 'ada bob'],
  ['NOT IS_DEFINED(c.born)', 'eve'],
  ['IS_NULL(c.note)', 'ada'],
  ['c.note = null', 'ada'],
  ['IS_NUMBER(c.n)', 'ada bob cyd dot'],
  ['STARTSWITH(c.name, "D")', ''],
  ['STARTSWITH(c.name, "D", true)', 'dot'],
  ['ENDSWITH(c.name, "b")', 'bob'],
  ['CONTAINS(c.name, "d")', 'ada cyd dot'],
  ['LOWER(c.name) = "dot" AND LENGTH(c.name) = 3', 'dot'],
  ['c.name LIKE "%d%"', 'ada cyd dot'],
  ['c.name LIKE "_ob"', 'bob'],
  ['c.name LIKE "100!% !_%" ESCAPE "!"', 'eve'],
  ['EXISTS(SELECT VALUE o FROM o IN c.orders WHERE o.amount > 6)', 'dot'],
  ['(c.active ?? false) = true', 'eve'],
  ['(c.n = 1 ? "one" : "other") = "one"', 'ada'],
  // A comparison with a value of another type, or with none, is neither true nor false.
  ['c.n < "a"', ''],
  ['NOT (c.absent = 1)', ''],
  ['c.absent != 1', ''],
  ['c.absent = 1 OR c.n = 1', 'ada'],
];

/** A query and its rows. */
const queries: readonly (readonly [string, readonly unknown[]])[] = [
  ['SELECT VALUE c.id FROM c ORDER BY c.born', list('eve ada cyd bob dot')],
  ['SELECT VALUE c.id FROM c ORDER BY c.born DESC', list('dot bob cyd ada eve')],
  [
    'SELECT VALUE c.id FROM c WHERE IS_DEFINED(c.city) ORDER BY c.city ASC, c.born DESC',
    list('cyd ada dot bob'),
  ],
  // By type: nothing, null, booleans, numbers, text.
  ['SELECT VALUE c.id FROM c ORDER BY c.mixed', list('eve ada bob cyd dot')],
  ['SELECT VALUE c.id FROM c ORDER BY c.n', list('ada bob cyd dot eve')],
  ['SELECT VALUE c.id FROM c ORDER BY c.id OFFSET 1 LIMIT 2', list('bob cyd')],
  ['SELECT TOP 2 VALUE c.id FROM c ORDER BY c.id', list('ada bob')],
  ['SELECT c.id, c.address.zip AS zip, c.absent FROM c WHERE c.n = 1', [{ id: 'ada', zip: '1' }]],
  ['SELECT c.id, c.n + 1 FROM c WHERE c.n = 1', [{ id: 'ada', $1: 2 }]],
  [
    'SELECT VALUE { "who": c.name, "in": [c.city, c.absent] } FROM c WHERE c.n = 1',
    [{ who: 'Ada', in: ['London'] }],
  ],
  ['SELECT VALUE c.name || "!" FROM c WHERE c.n = 1', ['Ada!']],
  ['SELECT VALUE COUNT(1) FROM c', [5]],
  ['SELECT VALUE COUNT(c.born) FROM c', [4]],
  ['SELECT VALUE SUM(c.born) FROM c WHERE c.n <= 2', [3755]],
  ['SELECT VALUE AVG(c.n) FROM c WHERE c.n <= 2', [1.5]],
  ['SELECT MIN(c.born) AS low, MAX(c.born) AS high FROM c', [{ low: 1815, high: 1949 }]],
  ['SELECT VALUE COUNT(1) FROM c WHERE c.n > 99', [0]],
  ['SELECT DISTINCT VALUE c.city FROM c WHERE IS_DEFINED(c.city) ORDER BY c.city', ['London', 'Paris']],
  ['SELECT VALUE tag FROM c JOIN tag IN c.tags WHERE c.n <= 2', ['math', 'poetry', 'music']],
  [
    'SELECT c.id, o.sku FROM c JOIN o IN c.orders WHERE o.amount < 6',
    [
      { id: 'cyd', sku: 'x' },
      { id: 'dot', sku: 'x' },
    ],
  ],
  ['SELECT VALUE o.sku FROM o IN c.orders WHERE o.amount > 6', ['y']],
  ['SELECT VALUE ARRAY(SELECT VALUE t FROM t IN c.tags WHERE t != "math") FROM c WHERE c.n = 4', [['music']]],
  ['SELECT VALUE (SELECT VALUE COUNT(1) FROM o IN c.orders) FROM c WHERE c.n = 4', [2]],
  ['SELECT VALUE r.id FROM root r WHERE r.n = 1', ['ada']],
  ['SELECT VALUE c.absent FROM c', []],
];

describeContract('queries', (target) => {
  let container: Container;
  const pk = fresh();
  beforeAll(async () => {
    container = await target.container({
      indexingPolicy: {
        includedPaths: [{ path: '/*' }],
        excludedPaths: [{ path: '/unindexed/*' }],
        compositeIndexes: [
          [
            { path: '/city', order: 'ascending' },
            { path: '/born', order: 'descending' },
          ],
        ],
      },
    });
    for (const person of people) await container.items.create({ ...person, pk });
    // What lies in another partition is never among the rows.
    for (const person of people) await container.items.create({ ...person, pk: fresh() });
  });

  async function rows(query: string, parameters: SqlParameter[] = []): Promise<unknown[]> {
    const { resources } = await container.items.query({ query, parameters }, { partitionKey: pk }).fetchAll();
    return resources;
  }

  describe('finds the items where', () => {
    test.each(conditions)('%s', async (condition, ids) => {
      expect(await rows(`SELECT VALUE c.id FROM c WHERE ${condition}`)).toEqual(list(ids));
    });
  });

  test.each(queries)('%s', async (query, expected) => {
    expect(await rows(query)).toEqual(expected);
  });

  test('groups', async () => {
    const found = await rows(
      'SELECT c.city, COUNT(1) AS people, MAX(c.born) AS youngest FROM c WHERE IS_DEFINED(c.city) GROUP BY c.city',
    );
    expect(found).toHaveLength(2);
    expect(found).toEqual(
      expect.arrayContaining([
        { city: 'London', people: 2, youngest: 1922 },
        { city: 'Paris', people: 2, youngest: 1949 },
      ]),
    );
  });

  test('takes parameters of every type, and text as it is', async () => {
    const parameters = [
      { name: '@city', value: 'Paris' },
      { name: '@tag', value: 'music' },
      { name: '@years', value: [1940, 1949] },
    ];
    const query =
      'SELECT VALUE c.id FROM c WHERE c.city = @city AND ARRAY_CONTAINS(c.tags, @tag) AND ARRAY_CONTAINS(@years, c.born)';
    expect(await rows(query, parameters)).toEqual(['bob', 'dot']);
    const injection = [{ name: '@name', value: '" OR true OR "' }];
    expect(await rows('SELECT * FROM c WHERE c.name = @name', injection)).toEqual([]);
  });

  test('returns whole items, with what the service added', async () => {
    const [item] = await rows('SELECT * FROM c WHERE c.n = 1');
    expect(item).toMatchObject({ ...people[0], pk, _etag: expect.any(String), _ts: expect.any(Number) });
    expect(item).toEqual((await container.item('ada', pk).read()).resource);
  });

  test('reads all of a partition', async () => {
    const { resources } = await container.items.readAll({ partitionKey: pk }).fetchAll();
    expect(resources.map(({ id }) => id)).toEqual(people.map(({ id }) => id));
  });

  test.each([
    ['a syntax error', 'SELECT * FROM c WHERE c.n ='],
    ['an unknown alias', 'SELECT * FROM c WHERE d.n = 1'],
    ['an order of several properties without a composite index', 'SELECT * FROM c ORDER BY c.n, c.name'],
    ['an order by what is not indexed', 'SELECT * FROM c ORDER BY c.unindexed.x'],
    ['an order by what is not a property', 'SELECT * FROM c ORDER BY LOWER(c.name)'],
  ])('refuses %s', async (_, query) => {
    expect(await refusal(rows(query))).toMatchObject({ code: 400 });
  });
});

import { describe, expect, test } from 'vitest';
import { agentCard, defineActorMetadata, mcpTools } from '../../src/index.js';
import { messageOf } from '../support/failure-of.js';

const reader = defineActorMetadata({
  type: 'invoice-reader',
  version: '1.2.0',
  description: 'Reads invoices.',
  tags: ['finance'],
  capabilities: ['ocr'],
  input: { type: 'object', properties: { path: { type: 'string' } } },
  output: { type: 'array', items: { $ref: '#/$defs/Page' }, $defs: { Page: { type: 'string' } } },
  examples: [{ input: { path: 'a.pdf' } }],
});
const url = 'https://agents.example.com/reader';

describe('agentCard', () => {
  test('introduces an actor as one skill', () => {
    expect(agentCard(reader, { url })).toMatchInlineSnapshot(`
      {
        "capabilities": {
          "pushNotifications": false,
          "streaming": false,
        },
        "defaultInputModes": [
          "application/json",
        ],
        "defaultOutputModes": [
          "application/json",
        ],
        "description": "Reads invoices.",
        "name": "invoice-reader",
        "skills": [
          {
            "description": "Reads invoices.",
            "examples": [
              "{"path":"a.pdf"}",
            ],
            "id": "invoice-reader",
            "name": "invoice-reader",
            "tags": [
              "ocr",
              "finance",
            ],
          },
        ],
        "supportedInterfaces": [
          {
            "protocolBinding": "JSONRPC",
            "protocolVersion": "1.0",
            "url": "https://agents.example.com/reader",
          },
        ],
        "version": "1.2.0",
      }
    `);
  });

  test('says what to use instead of a deprecated actor', () => {
    const old = defineActorMetadata({
      type: 'old',
      version: '1.0.0',
      lifecycle: { stage: 'deprecated', replacement: 'new' },
    });
    expect(agentCard(old, { url, protocolBinding: 'GRPC' })).toMatchObject({
      description: 'Actor old. Deprecated: use new instead.',
      supportedInterfaces: [{ protocolBinding: 'GRPC' }],
    });
  });

  test('refuses what is no address, and a retired actor', async () => {
    expect(await messageOf(() => agentCard(reader, { url: 'agents/reader' }))).toMatchInlineSnapshot(
      `"url is "agents/reader"; give an absolute address such as https://agents.example.com/mailer."`,
    );
    expect(await messageOf(() => agentCard(reader, { url: 'file:///reader' }))).toMatchInlineSnapshot(
      `"url is "file:///reader"; give an absolute address such as https://agents.example.com/mailer."`,
    );
    const retired = defineActorMetadata({
      type: 'old',
      version: '1.0.0',
      lifecycle: { stage: 'retired', replacement: 'new' },
    });
    expect(await messageOf(() => agentCard(retired, { url }))).toMatchInlineSnapshot(
      `"Actor type "old" in version 1.0.0 is retired, so it has no card. Introduce "new" instead."`,
    );
  });
});

describe('mcpTools', () => {
  test('lists an actor as a tool, and wraps what is no object', () => {
    expect(mcpTools([reader])).toMatchInlineSnapshot(`
      [
        {
          "_meta": {
            "certoai.com/loom": {
              "outputIn": "output",
              "type": "invoice-reader",
              "version": "1.2.0",
            },
          },
          "description": "Reads invoices.",
          "inputSchema": {
            "properties": {
              "path": {
                "type": "string",
              },
            },
            "type": "object",
          },
          "name": "invoice-reader",
          "outputSchema": {
            "$defs": {
              "Page": {
                "type": "string",
              },
            },
            "properties": {
              "output": {
                "items": {
                  "$ref": "#/$defs/Page",
                },
                "type": "array",
              },
            },
            "required": [
              "output",
            ],
            "type": "object",
          },
        },
      ]
    `);
  });

  test('lists of each type the highest version that is not retired', () => {
    const version = (number: string, lifecycle: 'stable' | 'experimental' | 'retired' = 'stable') =>
      defineActorMetadata({ type: 'mailer', version: number, lifecycle });
    const tools = mcpTools([
      version('1.9.0'),
      reader,
      version('1.10.0', 'experimental'),
      version('2.0.0', 'retired'),
    ]);
    expect(
      tools.map(({ name, description, _meta }) => [name, description, _meta['certoai.com/loom'].version]),
    ).toEqual([
      ['mailer', 'Actor mailer. Experimental.', '1.10.0'],
      ['invoice-reader', 'Reads invoices.', '1.2.0'],
    ]);
  });

  test('an actor that takes anything is wrapped too', () => {
    const any = defineActorMetadata({ type: 'any', version: '1.0.0' });
    expect(mcpTools([any])[0]?.inputSchema).toEqual({
      type: 'object',
      properties: { input: true },
      required: ['input'],
    });
  });
});

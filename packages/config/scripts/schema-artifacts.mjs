// What is made from the zod schema: the JSON Schema, the TypeScript type and the README's table of settings.

/**
 * The part of the package that this needs, so that it works on what is built and on the sources alike.
 *
 * @typedef {Pick<typeof import('../src/index.ts'), 'ConfigSchema' | 'describeSettings'>} ConfigPackage
 * @typedef {Awaited<ReturnType<ConfigPackage['describeSettings']>>[number]} Setting
 */

/**
 * @param {ConfigPackage['ConfigSchema']} schema
 * @returns {string} the text of config.schema.json
 */
export function jsonSchemaText(schema) {
  return `${JSON.stringify(schema.toJSONSchema(), undefined, 2)}\n`;
}

/**
 * @param {readonly Setting[]} settings
 * @returns {string} a Markdown table
 */
export function settingsTable(settings) {
  const rows = settings.map((setting) => {
    const preset = setting.default === undefined ? '–' : `\`${setting.default}\``;
    const secret = setting.secret ? ' Secret.' : '';
    return `| \`${setting.path}\` | \`${setting.variable}\` | ${typeText(setting)} | ${preset} | ${setting.description}${secret} |`;
  });
  return [
    '| setting | environment variable | takes | default | what it is |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** @param {Setting} setting */
function typeText({ type }) {
  switch (type.kind) {
    case 'text':
      return type.maximumLength === undefined ? 'text' : `text, at most ${type.maximumLength} characters`;
    case 'address':
      return 'https address';
    case 'truth':
      return '`true`, `false`';
    case 'choice':
      return type.choices.map((choice) => `\`${choice}\``).join(', ');
    case 'number':
      return type.maximum >= Number.MAX_SAFE_INTEGER
        ? `${type.minimum} or more`
        : `${type.minimum} to ${type.maximum}`;
  }
}

/**
 * @param {ConfigPackage['ConfigSchema']} schema
 * @param {readonly Setting[]} settings
 * @returns {string} the text of src/schema/loom-config.ts
 */
export function configTypes(schema, settings) {
  const { properties = {} } = schema.toJSONSchema();
  const names = [...new Set(settings.map(({ block }) => block))];
  const describe = (/** @type {string} */ name) => Object(properties[name]).description ?? '';
  const typeName = (/** @type {string} */ name) => `${name.charAt(0).toUpperCase()}${name.slice(1)}Settings`;
  const blocks = names.map((name) => {
    const fields = settings
      .filter(({ block }) => block === name)
      .map((setting) => {
        const preset = setting.default === undefined ? '' : ` @default ${setting.default}`;
        return field(setting.key, typescriptType(setting), setting.description + preset);
      });
    return `${comment(describe(name))}export interface ${typeName(name)} {\n${fields.join('')}}\n`;
  });
  const members = names.map((name) => {
    const isAlsoText = 'anyOf' in Object(properties[name]);
    return field(name, `${isAlsoText ? 'string | ' : ''}${typeName(name)}`, describe(name));
  });
  const editor = field('$schema', 'string', describe('$schema'));
  const profiles = field('profiles', 'Readonly<Record<string, LoomSettings>>', describe('profiles'));
  return [
    '// Made by scripts/write-schema.mjs from config-schema.ts: change that one.\n',
    ...blocks,
    `/** What Loom can be told. Every setting is optional. */\nexport interface LoomSettings {\n${members.join('')}}\n`,
    `/** A configuration: settings, and profiles that change some of them. */\nexport interface LoomConfig extends LoomSettings {\n${editor}${profiles}}\n`,
  ].join('\n');
}

/** @param {string} name @param {string} type @param {string} description */
function field(name, type, description) {
  return `${comment(description, '  ')}  readonly ${name}?: ${type} | undefined;\n`;
}

/** @param {string} text */
function comment(text, indent = '') {
  const width = 106 - indent.length;
  if (text.length <= width - 8) return `${indent}/** ${text} */\n`;
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 4 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

/** @param {Setting} setting */
function typescriptType({ type }) {
  if (type.kind === 'choice') return type.choices.map((choice) => `'${choice}'`).join(' | ');
  return { text: 'string', address: 'string', truth: 'boolean', number: 'number' }[type.kind];
}

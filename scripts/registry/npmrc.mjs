// The text of .npmrc with one of its commented sets of registry lines made active.

const marker = '# Active, written by scripts/use-registry.mjs:';

/** What stands in a set's lines for a value from the environment. A token stays a reference: npm reads it when it needs it. */
const placeholders = {
  private: { 'https://your-internal-registry.com': 'LOOM_REGISTRY_URL' },
  github: { '${GITHUB_TOKEN}': 'GITHUB_TOKEN' },
  azure: { yourorg: 'AZURE_DEVOPS_ORG', yourfeed: 'AZURE_DEVOPS_FEED' },
};

/** @typedef {keyof typeof placeholders} RegistryKind */

export const registryKinds = /** @type {RegistryKind[]} */ (Object.keys(placeholders));

/**
 * @param {string} text - what .npmrc holds
 * @param {RegistryKind | 'none'} kind
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string}
 * @throws Error when a variable that the lines need is not set
 */
export function withRegistry(text, kind, env) {
  const [fixed = ''] = text.split(`\n${marker}`);
  const base = `${fixed.trimEnd()}\n`;
  if (kind === 'none') return base;
  const lines = linesOf(base, kind).map((line) => fill(line, kind, env));
  return `${base}\n${marker}\n${lines.join('\n')}\n`;
}

/** @param {string} text @param {RegistryKind} kind */
function linesOf(text, kind) {
  const [, set = ''] = text.split(`\n# ${kind}: `);
  const lines = set.split('\n').slice(1);
  const end = lines.findIndex((line) => !line.startsWith('#   '));
  return lines.slice(0, end === -1 ? lines.length : end).map((line) => line.slice(4));
}

/** @param {string} line @param {RegistryKind} kind @param {Readonly<Record<string, string | undefined>>} env */
function fill(line, kind, env) {
  return Object.entries(placeholders[kind]).reduce((filled, [placeholder, name]) => {
    const value = env[name];
    if (!value) throw new Error(`Set ${name}: the ${kind} registry needs it.`);
    return placeholder.startsWith('${') ? filled : filled.replaceAll(placeholder, value);
  }, line);
}

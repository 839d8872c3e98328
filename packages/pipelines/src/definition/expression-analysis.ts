import {
  admitReference,
  functionNames,
  functionSignature,
  takesExpression,
  type ExpressionNode,
} from './expression-interpreter.js';
import { didYouMean, nearestName } from './nearest-name.js';

/** Roots whose members are fixed. Everything else an expression sees is free-form data. */
export const rootMembers: Readonly<Record<string, readonly string[]>> = {
  execution: ['id'],
  group: ['key', 'items'],
};

/** What an expression sees of a stage: `stages.<id>.output` and so on. */
export const stageMembers: readonly string[] = ['output', 'status', 'error', 'errors'];

/** What an expression reads, found without running it. */
export interface ExpressionFacts {
  readonly roots: ReadonlySet<string>;
  /** Ids named as `stages.<id>`. */
  readonly stages: ReadonlySet<string>;
  /** `stages` is used as a value, so any of them may be read. */
  readonly readsAllStages: boolean;
  /** The scope itself is used as a value (`@`, `*`): there is no telling what is read. */
  readonly readsScope: boolean;
  /** Nodes that look a name up in the scope, or stand for the scope. */
  readonly scopeNodes: ReadonlySet<ExpressionNode>;
  readonly problems: readonly ExpressionProblem[];
}

export interface ExpressionProblem {
  /** Continues a sentence that began with the place: `calls lenght(), which …`. */
  readonly text: string;
  readonly suggestion?: string | undefined;
}

/** What a part of an expression may evaluate to, as far as it matters here. No entry: plain data. */
type Meaning = readonly Thing[];
type Thing =
  | { readonly kind: 'scope' }
  | { readonly kind: 'stages' }
  | { readonly kind: 'record'; readonly path: string; readonly members: readonly string[] };

const scope: Meaning = [{ kind: 'scope' }];
const data: Meaning = [];

/**
 * Follows the scope through an expression: an abstract run that knows names and no values.
 * @param currentIsData - at the start, `@` and names alone stand for an item and not for the scope
 */
export function analyseExpression(root: ExpressionNode, currentIsData = false): ExpressionFacts {
  const roots = new Set<string>();
  const stages = new Set<string>();
  const scopeNodes = new Set<ExpressionNode>();
  const problems: ExpressionProblem[] = [];
  let readsAllStages = false;
  let readsScope = false;

  /** `meaning` is used as a value: compared, handed on, put into a result. */
  const use = (meaning: Meaning): Meaning => {
    for (const thing of meaning) {
      if (thing.kind === 'scope') readsScope = true;
      if (thing.kind === 'stages') readsAllStages = true;
    }
    return data;
  };

  const field = (name: string, node: ExpressionNode, current: Meaning): Meaning =>
    current.flatMap((thing): Meaning => {
      switch (thing.kind) {
        case 'scope': {
          scopeNodes.add(node);
          roots.add(name);
          if (name === 'stages') return [{ kind: 'stages' }];
          const members = Object.hasOwn(rootMembers, name) ? rootMembers[name] : undefined;
          return members === undefined ? data : [{ kind: 'record', path: name, members }];
        }
        case 'stages':
          stages.add(name);
          return [{ kind: 'record', path: `stages.${name}`, members: stageMembers }];
        case 'record': {
          if (thing.members.includes(name)) return data;
          const suggestion = nearestName(name, thing.members);
          const has = `${thing.path} has only ${thing.members.join(', ')}`;
          problems.push({
            text: `reads ${thing.path}.${name}, but ${has}${didYouMean(suggestion)}`,
            suggestion,
          });
          return data;
        }
      }
    });

  const call = (
    node: ExpressionNode & { type: 'Function' },
    current: Meaning,
    variables: Variables,
  ): Meaning => {
    const signature = functionSignature(node.name);
    if (signature === undefined) {
      const suggestion = nearestName(node.name, functionNames());
      problems.push({
        text: `calls ${node.name}(), which does not exist${didYouMean(suggestion)}`,
        suggestion,
      });
      return data;
    }
    const required = signature.filter(({ optional }) => optional !== true).length;
    const most = signature.at(-1)?.variadic === true ? Infinity : signature.length;
    const given = node.children.length;
    if (given < required || given > most) {
      const range =
        most === Infinity
          ? `${required} or more`
          : required === most
            ? `${required}`
            : `${required} to ${most}`;
      problems.push({ text: `calls ${node.name}() with ${given} arguments; it takes ${range}.` });
    }
    node.children.forEach((argument, index) => {
      const wanted = signature[Math.min(index, signature.length - 1)];
      const wantsExpression = wanted !== undefined && takesExpression(wanted);
      if (argument.type === 'ExpressionReference') {
        admitReference(argument.child);
        if (!wantsExpression)
          problems.push({ text: `gives ${node.name}() an expression (&…) where it takes a value.` });
        // Runs on the elements of another argument, and what that holds has been counted as used.
        use(visit(argument.child, data, variables));
        return;
      }
      if (wantsExpression) {
        const example = `${node.name}(…, &name)`;
        problems.push({ text: `gives ${node.name}() a value where it takes an expression: ${example}.` });
      }
      use(visit(argument, current, variables));
    });
    return data;
  };

  const visit = (node: ExpressionNode, current: Meaning, variables: Variables): Meaning => {
    switch (node.type) {
      case 'Field':
        return field(node.name, node, current);
      case 'Current':
      case 'Identity':
        if (!current.some(({ kind }) => kind === 'scope')) return current;
        scopeNodes.add(node);
        return currentIsData ? data : current;
      case 'Root':
        return scope;
      case 'Literal':
        return data;
      case 'Index':
      case 'Slice':
        return data;
      case 'Subexpression':
      case 'Pipe':
      case 'IndexExpression':
        return visit(node.right, visit(node.left, current, variables), variables);
      case 'Projection':
        visit(node.left, current, variables);
        return use(visit(node.right, data, variables));
      case 'ValueProjection':
        use(visit(node.left, current, variables));
        return use(visit(node.right, data, variables));
      case 'FilterProjection':
        visit(node.left, current, variables);
        use(visit(node.condition, data, variables));
        return use(visit(node.right, data, variables));
      case 'Flatten':
        visit(node.child, current, variables);
        return data;
      case 'Arithmetic':
      case 'Comparator':
        use(visit(node.left, current, variables));
        return use(visit(node.right, current, variables));
      case 'Unary':
        return use(visit(node.operand, current, variables));
      case 'NotExpression':
        return use(visit(node.child, current, variables));
      case 'AndExpression':
      case 'OrExpression':
        return [...visit(node.left, current, variables), ...visit(node.right, current, variables)];
      case 'Ternary':
        use(visit(node.condition, current, variables));
        return [...visit(node.trueExpr, current, variables), ...visit(node.falseExpr, current, variables)];
      case 'MultiSelectHash':
        for (const { name, value } of node.children) {
          if (name === '__proto__')
            problems.push({ text: 'makes a field "__proto__", which is not allowed.' });
          use(visit(value, current, variables));
        }
        return data;
      case 'MultiSelectList':
        for (const child of node.children) use(visit(child, current, variables));
        return data;
      case 'Function':
        return call(node, current, variables);
      case 'LetExpression': {
        const inner = new Map(variables);
        for (const binding of node.bindings) {
          if (binding.type !== 'Binding') {
            problems.push({ text: 'has a let without a value; write let $name = value in ….' });
            continue;
          }
          inner.set(binding.variable, visit(binding.reference, current, variables));
        }
        return visit(node.expression, current, inner);
      }
      case 'Binding':
        problems.push({ text: 'assigns with =; write == to compare.' });
        return data;
      case 'Variable': {
        const meaning = variables.get(node.name);
        if (meaning !== undefined) return meaning;
        const suggestion = nearestName(node.name, variables.keys());
        const hint = suggestion === undefined ? '.' : `; did you mean "$${suggestion}"?`;
        problems.push({ text: `uses $${node.name}, which no let around it defines${hint}`, suggestion });
        return data;
      }
      case 'ExpressionReference':
        problems.push({ text: 'has an & outside the arguments of a function.' });
        return data;
    }
  };

  use(visit(root, scope, new Map()));
  return { roots, stages, readsAllStages, readsScope, scopeNodes, problems };
}

type Variables = ReadonlyMap<string, Meaning>;

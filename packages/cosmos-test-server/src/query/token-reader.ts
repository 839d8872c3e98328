import { syntaxError, tokenize } from './lexer.js';
import type { Token } from './lexer.js';
import type { Query } from './syntax.js';

/** Goes through the tokens of a query. What is not there is `undefined`; what must be there is a syntax error. */
export class TokenReader {
  readonly text: string;
  readonly #tokens: readonly Token[];
  readonly #parseSelect: (reader: TokenReader) => Query;
  #at = 0;

  /** @param parseSelect - expressions hold queries, and queries expressions: this is how one file gets to the other */
  constructor(text: string, parseSelect: (reader: TokenReader) => Query) {
    this.text = text;
    this.#parseSelect = parseSelect;
    this.#tokens = tokenize(text);
  }

  /** @param ahead - tokens from the next one, which is 0 */
  peek(ahead = 0): Token {
    return (this.#tokens[this.#at + ahead] ?? this.#tokens.at(-1)) as Token;
  }

  next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  isKeyword(word: string): boolean {
    const { kind, text } = this.peek();
    return kind === 'keyword' && text === word;
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const { kind, text } = this.peek(ahead);
    return kind === 'symbol' && text === symbol;
  }

  takeKeyword(word: string): boolean {
    const found = this.isKeyword(word);
    if (found) this.#at++;
    return found;
  }

  takeSymbol(symbol: string): boolean {
    const found = this.isSymbol(symbol);
    if (found) this.#at++;
    return found;
  }

  /** The first of `symbols` that is next. */
  takeOneOf<Symbol extends string>(symbols: readonly Symbol[]): Symbol | undefined {
    return symbols.find((symbol) => this.takeSymbol(symbol));
  }

  needKeyword(word: string): void {
    if (!this.takeKeyword(word)) throw this.unexpected();
  }

  needSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected();
  }

  needName(): string {
    if (this.peek().kind !== 'name') throw this.unexpected();
    return this.next().text;
  }

  /** A word where a keyword is as good as any other, such as after a dot. */
  needWord(): string {
    const { kind, start, end } = this.peek();
    if (kind !== 'name' && kind !== 'keyword') throw this.unexpected();
    this.next();
    return this.text.slice(start, end);
  }

  subquery(): Query {
    return this.#parseSelect(this);
  }

  /** What `parse` reads at least once, with commas between. */
  list<Item>(parse: () => Item): readonly Item[] {
    const items = [parse()];
    while (this.takeSymbol(',')) items.push(parse());
    return items;
  }

  /** What `parse` read, and how that is written. */
  written<Parsed>(parse: () => Parsed): readonly [Parsed, string] {
    const { start } = this.peek();
    const parsed = parse();
    return [parsed, this.text.slice(start, this.#tokens[this.#at - 1]?.end)];
  }

  unexpected(): Error {
    const { start, end, text } = this.peek();
    return syntaxError(start === end ? text : this.text.slice(start, end));
  }
}

/** @file A place in the tokens of a query: look at one token, take it, or say what was expected. */
import { limit } from '../common';
import { DepthMeter, type Measured } from './depth';
import { describeToken, Lexer, type Token } from './lexer';
import { syntaxError, type TraceqlError } from './syntax-error';

const RECURSION = 3;

export class Cursor {
  /** The token to be read next. */
  token: Token;
  private readonly lexer: Lexer;
  private depth = 0;
  private readonly meter = new DepthMeter();
  // Read once: a limit looks into the environment.
  private readonly mostNesting = limit('TRACEQL_NESTING');
  private readonly mostOperators = limit('TRACEQL_OPERATORS');

  constructor(readonly text: string) {
    const most = limit('TRACEQL_QUERY_CHARACTERS');
    if (text.length > most) {
      throw syntaxError(text, 0, `a query may have ${most} characters, this one has ${text.length}`);
    }
    this.lexer = new Lexer(text);
    this.token = this.lexer.next();
  }

  /** Takes the current token. */
  take(): Token {
    const token = this.token;
    this.token = this.lexer.next();
    return token;
  }

  isSymbol(text: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === text;
  }

  isWord(text: string): boolean {
    return this.token.kind === 'word' && this.token.text === text;
  }

  /** The text of the current token when it is a symbol, else ''. */
  get symbol(): string {
    return this.token.kind === 'symbol' ? this.token.text : '';
  }

  /** The text of the current token when it is a word, else ''. */
  get word(): string {
    return this.token.kind === 'word' ? this.token.text : '';
  }

  /** Takes a symbol if it is there. */
  accept(symbol: string): boolean {
    if (this.isSymbol(symbol)) {
      this.take();
      return true;
    }
    return false;
  }

  /** Takes a symbol, or fails. */
  expect(symbol: string, after?: string): void {
    if (!this.accept(symbol)) {
      throw this.unexpected(`${symbol}${after === undefined ? '' : ` after ${after}`}`);
    }
  }

  /** The error for a token that does not belong here. */
  unexpected(expected?: string): TraceqlError {
    const { token } = this;
    if (token.kind === 'word' && expected === undefined) {
      return syntaxError(
        this.text,
        token.at,
        `unknown identifier ${token.text}: attributes are written with a scope (.${token.text}, span.${token.text}), text in quotes`
      );
    }
    return syntaxError(
      this.text,
      token.at,
      `unexpected ${describeToken(this.text, token)}${expected === undefined ? '' : `, expected ${expected}`}`
    );
  }

  /** Runs `read` one level deeper; too deep is an error, not a stack overflow. */
  nested<T>(read: () => T): T {
    this.depth++;
    // The canonical text may need three levels where the text given needs one.
    if (this.depth > RECURSION * this.mostNesting) {
      throw this.tooDeep();
    }
    const result = read();
    this.depth--;
    return result;
  }

  /** Notes how deep a new node of the tree is, and refuses what is too deep. */
  measured<T extends Measured>(node: T): T {
    const { depth, height } = this.meter.measure(node);
    if (depth > this.mostNesting) {
      throw this.tooDeep();
    }
    if (height > this.mostOperators) {
      throw syntaxError(this.text, this.token.at, `more than ${this.mostOperators} operators within each other`);
    }
    return node;
  }

  private tooDeep(): TraceqlError {
    return syntaxError(this.text, this.token.at, `nested more than ${this.mostNesting} levels deep`);
  }
}

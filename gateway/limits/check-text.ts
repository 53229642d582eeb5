/** What the text of a document is held to before it is parsed: how deeply its brackets are nested, how long it is. */
import { Fault } from '../../platform/errors';
import { DEEPEST } from './operation-size';

/** Tokens in a document, at most: five for each of the thousand fields an operation may have. Parsing them takes 1 to 2 ms. */
export const MOST_TOKENS = 5_000;
/** Characters of a name. Validation compares a field that it does not know with those that it does. */
const LONGEST_NAME = 200;

/**
 * Throws Fault INVALID_REQUEST, with limit and maximum in its details, if brackets of whatever kind stand in more than
 * {@link DEEPEST} others: the parser calls itself for each, and would fill its stack before it could refuse the document; and if
 * there are more than {@link MOST_TOKENS} tokens, or a name (or number) of more than {@link LONGEST_NAME} characters: looking takes
 * a fraction of what parsing them takes. Counts no token that the parser would not; it may count fewer (not `...`).
 * Strings and comments are passed over. One look at each character, whatever the text is.
 */
export function checkText(text: string): void {
  let level = 0;
  let tokens = 0;
  let wordLength = 0;
  for (let at = 0; at < text.length; at += 1) {
    const before = wordLength;
    wordLength = 0;
    switch (text[at]) {
      case '{':
      case '[':
      case '(':
        level += 1;
        atMost('nesting', 'levels of brackets', level, DEEPEST);
        tokens += 1;
        break;
      case '}':
      case ']':
      case ')':
        level -= 1;
        tokens += 1;
        break;
      case '#':
        at = endOfLine(text, at);
        break;
      case '"':
        at = text.startsWith('"""', at) ? endOfBlock(text, at + 3) : endOfString(text, at + 1);
        tokens += 1;
        break;
      case ' ':
      case '\t':
      case '\n':
      case '\r':
      case ',':
      case '\uFEFF':
        break;
      case '!':
      case '$':
      case '&':
      case ':':
      case '=':
      case '@':
      case '|':
        tokens += 1;
        break;
      case '.':
        wordLength = before; // in a number, or of `...`
        break;
      default:
        wordLength = before + 1;
        if (before === 0) tokens += 1;
        atMost('name', 'characters in a name', wordLength, LONGEST_NAME);
    }
    atMost('tokens', 'tokens', tokens, MOST_TOKENS);
  }
}

/** Throws Fault INVALID_REQUEST with limit and maximum in its details if more was found; `words` say of what. */
export function atMost(limit: string, words: string, found: number, maximum: number): void {
  if (found <= maximum) return;
  const message = `The document asks for too much at once: at most ${maximum.toLocaleString('en')} ${words}.`;
  throw new Fault('INVALID_REQUEST', message, { limit, maximum });
}

/** Where the comment ends; a carriage return ends it as well (GraphQL specification, LineTerminator). */
function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at += 1;
  return at;
}

/** The closing quotation mark; a string that does not end on its line is a mistake that the parser finds. */
function endOfString(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '"' && text[at] !== '\n' && text[at] !== '\r')
    at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** The last of the three closing quotation marks. */
function endOfBlock(text: string, from: number): number {
  let at = from;
  while (at < text.length && !text.startsWith('"""', at)) at += text.startsWith('\\"""', at) ? 4 : 1;
  return at + 2;
}

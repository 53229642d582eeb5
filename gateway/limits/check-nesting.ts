/** How deeply the brackets of a text are nested, looked at before it is parsed. */
import { Fault } from '../../platform/errors';
import { DEEPEST } from './operation-size';

/**
 * Throws Fault INVALID_REQUEST, with limit and maximum in its details, if brackets of whatever kind stand in more than
 * {@link DEEPEST} others: the parser calls itself for each, and would fill its stack before it could refuse the document. Strings
 * and comments are passed over. One look at each character, whatever the text is.
 */
export function checkNesting(text: string): void {
  let level = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '{':
      case '[':
      case '(':
        level += 1;
        if (level > DEEPEST)
          throw new Fault('INVALID_REQUEST', `Brackets are nested too deeply: at most ${DEEPEST} levels.`, {
            limit: 'nesting',
            maximum: DEEPEST,
          });
        break;
      case '}':
      case ']':
      case ')':
        level -= 1;
        break;
      case '#':
        at = endOfLine(text, at);
        break;
      case '"':
        at = text.startsWith('"""', at) ? endOfBlock(text, at + 3) : endOfString(text, at + 1);
        break;
    }
  }
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

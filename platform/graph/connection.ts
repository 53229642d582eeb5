/**
 * Relay connections over keyset pages (https://relay.dev/graphql/connections.htm). A cursor holds the sort key of its row
 * and a checksum of it and of the list it belongs to; one from another list, filter or sort, or changed, is refused.
 */
import { createHash } from 'node:crypto';
import { ArgsType, Directive, Field, Int, ObjectType, type ClassType } from 'type-graphql';
import { z } from 'zod';
import { Fault } from '../errors';

/** Rows on a page unless said otherwise. */
export const DEFAULT_PAGE = 20;
/** Rows on a page, at most. */
const MAX_PAGE = 100;
/** `totalCount` stops here. */
export const MAX_TOTAL_COUNT = 10_000;

/** Paging arguments of every connection. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: 'How many from the start, 1 to 100; 20 if neither `first` nor `last` is given.',
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Only what comes after this cursor.' })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many from the end, 1 to 100. Not together with `first`.' })
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'Only what comes before this cursor.' })
  before?: string | null;
}

/** Where a page lies in its list. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Where a page lies in its list.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether there is more after this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether there is more before this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first row; null on an empty page.' })
  startCursor?: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last row; null on an empty page.' })
  endCursor?: string | null;
}

/** A part of a sort key. */
export type KeyPart = string | number | boolean | null;

/** A checked request for a page. */
export interface Page {
  limit: number;
  /** Whether the page is taken from the end. */
  backward: boolean;
  after: KeyPart[] | null;
  before: KeyPart[] | null;
  /** Names list, filter and sort; goes into the cursors. */
  scope: string;
}

/** Longest cursor that is looked at; the longest sort key is a product's name. */
const LONGEST_CURSOR = 4_096;

const cursorSchema = z.tuple([z.string()], z.union([z.string(), z.number(), z.boolean(), z.null()]));

/**
 * Checks paging arguments. `list` is everything that decides the order and content of the list (name, filter, sort);
 * `keyLength` is the number of parts of its sort key. Throws Fault VALIDATION_ERROR naming argument and limit.
 */
export function parsePage(args: PageArgs, list: unknown, keyLength: number): Page {
  const { first, last } = args;
  if (first != null && last != null) throw argumentFault('last', 'Give first or last, not both.');
  checkSize('first', first);
  checkSize('last', last);
  const scope = checksum(list);
  return {
    limit: first ?? last ?? DEFAULT_PAGE,
    backward: last != null,
    after: args.after == null ? null : decodeCursor('after', args.after, scope, keyLength),
    before: args.before == null ? null : decodeCursor('before', args.before, scope, keyLength),
    scope,
  };
}

function checkSize(name: string, value: number | null | undefined): void {
  if (value == null || (value >= 1 && value <= MAX_PAGE)) return;
  throw argumentFault(name, `${name} must be from 1 to ${MAX_PAGE}.`, { minimum: 1, maximum: MAX_PAGE });
}

function argumentFault(name: string, message: string, details: Record<string, unknown> = {}): Fault {
  return new Fault('VALIDATION_ERROR', message, { ...details, field: [name] });
}

function decodeCursor(name: string, cursor: string, scope: string, keyLength: number): KeyPart[] {
  if (cursor.length > LONGEST_CURSOR) throw foreignCursor(name);
  try {
    const [, ...key] = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    if (key.length === keyLength && cursor === encode(scope, key)) return key;
  } catch {
    // Not base64url or not JSON: not one of ours either.
  }
  throw foreignCursor(name);
}

function foreignCursor(name: string): Fault {
  return argumentFault(name, `${name} is not a cursor of this list, filter and sort.`);
}

const KEY_PATTERNS: Record<string, RegExp> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  integer: /^-?\d{1,9}$/,
  bigint: /^-?\d{1,18}$/,
  timestamptz: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  text: /^[^\0]*$/,
};

/** Whether a part of a cursor can be cast to the column's type: a forged one must not fail in the database. */
function fits(type: string, part: KeyPart | undefined): boolean {
  const text = String(part);
  if (KEY_PATTERNS[type]?.test(text) === false) return false;
  return type !== 'timestamptz' || (!Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text);
}

function encode(scope: string, key: readonly KeyPart[]): string {
  return Buffer.from(JSON.stringify([checksum([scope, ...key]), ...key])).toString('base64url');
}

/** Tells mistakes, not forgers: whoever makes up a cursor reaches no row that the list would not show anyway. */
function checksum(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 8);
}

/** A column of the sort key: SQL expression, direction, and the type its cursor value is cast to. */
export interface KeyColumn {
  sql: string;
  descending: boolean;
  /** PostgreSQL type, e.g. `uuid`, `timestamptz`, `bigint`. The column must not be null. */
  type: string;
}

/**
 * SQL of a keyset page. Gives conditions for WHERE (joined by AND, may be "true") and the ORDER BY and LIMIT to append;
 * parameters are pushed to `parameters`. One row more than the page is asked for, so that one knows whether there is more.
 */
export function keysetSql(
  page: Page,
  columns: readonly KeyColumn[],
  parameters: unknown[],
): { where: string; orderAndLimit: string } {
  const conditions = [
    page.after && beyond(columns, page.after, parameters, false),
    page.before && beyond(columns, page.before, parameters, true),
  ].filter((condition): condition is string => condition !== null);
  const order = columns.map(({ sql, descending }) => `${sql} ${descending !== page.backward ? 'DESC' : 'ASC'}`);
  return {
    where: conditions.length === 0 ? 'true' : conditions.join(' AND '),
    orderAndLimit: `ORDER BY ${order.join(', ')} LIMIT ${page.limit + 1}`,
  };
}

/** `(a, b)` beyond `key`: a row comparison if all columns run one way (an index can serve it), else spelled out. */
function beyond(columns: readonly KeyColumn[], key: KeyPart[], parameters: unknown[], before: boolean): string {
  const values = columns.map((column, index) => {
    if (!fits(column.type, key[index])) throw foreignCursor(before ? 'before' : 'after');
    parameters.push(key[index]);
    return `$${parameters.length}::${column.type}`;
  });
  const sign = (column: KeyColumn): string => (column.descending !== before ? '<' : '>');
  const [head] = columns;
  if (head && columns.every((column) => column.descending === head.descending)) {
    return `(${columns.map((column) => column.sql).join(', ')}) ${sign(head)} (${values.join(', ')})`;
  }
  const terms = columns.map((column, index) => {
    const equal = columns.slice(0, index).map((earlier, at) => `${earlier.sql} = ${values[at]}`);
    return `(${[...equal, `${column.sql} ${sign(column)} ${values[index]}`].join(' AND ')})`;
  });
  return `(${terms.join(' OR ')})`;
}

/** A page of nodes with its cursors; what a connection class is made from. */
export interface PageResult<Node> {
  edges: { cursor: string; node: Node }[];
  pageInfo: PageInfo;
}

/** Turns the rows of a keyset query (up to `limit` + 1, in query order) into a page. */
export function pageOf<Row, Node>(
  page: Page,
  rows: readonly Row[],
  node: (row: Row) => Node,
  key: (row: Row) => KeyPart[],
): PageResult<Node> {
  const more = rows.length > page.limit;
  const kept = rows.slice(0, page.limit);
  if (page.backward) kept.reverse();
  const edges = kept.map((row) => ({ cursor: encode(page.scope, key(row)), node: node(row) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: page.backward ? page.before !== null : more,
      hasPreviousPage: page.backward ? more : page.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** What instances of a connection class offer. */
export interface Connection<Node> extends PageResult<Node> {
  nodes: Node[];
  totalCount(): Promise<number>;
}

/**
 * Makes the types `<name>Connection` and `<name>Edge`. Decorate with nothing further; instances are made with
 * `XConnection.of(page, count)`, `count` being called only when `totalCount` is selected (LIMIT it to 10,000). `tag`: who may use
 * it besides everybody who has a session.
 */
export function connectionType<Node extends object>(
  node: ClassType<Node>,
  name: string,
  plural: string,
  tag?: 'partner',
): ClassType<Connection<Node>> & { of(page: PageResult<Node>, count: () => Promise<number>): Connection<Node> } {
  const tagged: ClassDecorator = tag ? Directive(`@tag(name: "${tag}")`) : () => undefined;

  @tagged
  @ObjectType(`${name}Edge`, { description: `One of the ${plural} with its place in the list.` })
  class Edge {
    @Field(() => String, { description: 'Place in this list, filter and sort; opaque.' })
    cursor!: string;

    @Field(() => node, { description: 'The row.' })
    node!: Node;
  }

  @tagged
  @ObjectType(`${name}Connection`, { description: `A page of ${plural}.` })
  class ConnectionOfNode implements Connection<Node> {
    @Field(() => [Edge], { description: 'Rows with their cursors.' })
    edges!: Edge[];

    @Field(() => PageInfo, { description: 'Where the page lies in its list.' })
    pageInfo!: PageInfo;

    private count!: () => Promise<number>;

    static of(page: PageResult<Node>, count: () => Promise<number>): ConnectionOfNode {
      return Object.assign(new ConnectionOfNode(), page, { count });
    }

    @Field(() => [node], { description: 'The rows alone.' })
    get nodes(): Node[] {
      return this.edges.map((edge) => edge.node);
    }

    @Field(() => Int, { description: 'How many there are in all; counted only when selected, stops at 10,000.' })
    totalCount(): Promise<number> {
      return this.count();
    }
  }
  return ConnectionOfNode;
}

/** The contract with partners, made of the tags of the subgraphs. */
import { buildSchema, parse } from 'graphql';
import { partnerContract } from '../../schema/partner-contract';

const P = '@tag(name: "partner")';
const S = '@tag(name: "staff")';
const API = buildSchema(`
  type Query { order(id: ID!, as: As): Order  users: [User!]  me: User  node: Node }
  interface Node { id: ID! }
  type Order implements Node { id: ID!  status: Status!  buyer: User  margin: Int  payments: [Payment!] }
  type Payment { id: ID! }
  type User { id: ID!  cart: String }
  type Unreachable { id: ID! }
  enum Status { OPEN SENT }
  input As { role: String  staff: Boolean }`);
const ORDERS = `
  type Query { order(id: ID!, as: As): Order ${P}  node: Node }
  interface Node { id: ID! }
  type Order implements Node @key(fields: "id") ${P} { id: ID!  status: Status!  buyer: User  margin: Int ${S} }
  type User { id: ID! }
  type Unreachable ${P} { id: ID! }
  enum Status { OPEN SENT }
  input As { role: String  staff: Boolean ${S} }`;
const PAYMENTS = `type Order @key(fields: "id") { id: ID!  payments: [Payment!] }  type Payment { id: ID! }`;
const users = (tag: string): string =>
  `type Query { users: [User!] ${tag}  me: User }  type User { id: ID!  cart: String }`;
const made = (...subgraphs: string[]) =>
  partnerContract(
    subgraphs.map((sdl) => parse(sdl)),
    API,
  );

test('has what is tagged, by the subgraph that tags it, and no more', () => {
  const { sdl, lost } = made(ORDERS, PAYMENTS, users(''));
  expect(sdl.replace(/\s+/g, ' ')).toBe(
    'input As { role: String } type Order { id: ID! status: Status! } type Query { order(as: As, id: ID!): Order } enum Status { OPEN SENT }',
  );
  expect(lost).toEqual([]);
});

test('names fields that are tagged but give what is not in it', () => {
  expect(made(ORDERS, users(P)).lost).toEqual(['Query.users']);
});

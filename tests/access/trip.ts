/** A walk through the shop: what has to stay secret on it, and every error that was answered. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { StoredMail } from '../../platform/mail/mailbox';
import { eventually } from '../support/eventually';
import { Canaries } from './canaries';
import type { Caller } from './callers';
import type { Doors, Json } from './doors';

/** What user errors tell. */
export const TOLD = 'userErrors { code message field details }';

/** The walk so far. */
export class Trip {
  readonly canaries = new Canaries();
  readonly errors: string[] = [];

  constructor(readonly doors: Doors) {}

  /** Asks for what must not succeed. */
  async wrong(caller: Caller, query: string, variables: Json = {}): Promise<void> {
    const answer = await this.doors.ask('gateway', caller, query, variables);
    const payload = answer.data?.['result'] as Json | null | undefined;
    const told = [...(answer.errors ?? []), ...((payload?.['userErrors'] as unknown[] | undefined) ?? [])];
    if (told.length === 0) throw new Error(`nothing was wrong with ${query}`);
    this.errors.push(JSON.stringify(told));
  }

  /** A mutation that must not succeed. */
  failed(caller: Caller, field: string, input: Json): Promise<void> {
    const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input!`;
    return this.wrong(caller, `mutation ($input: ${type}) { result: ${field}(input: $input) { ${TOLD} } }`, { input });
  }

  /** A request that must be refused, or answered with errors: headers and body are kept. */
  async refused(path: string, request: RequestInit = {}): Promise<void> {
    const response = await fetch(`${this.doors.shop.url}${path}`, request);
    const text = await response.text();
    if (response.ok && !text.includes('"errors"')) throw new Error(`${path} was not refused: ${text}`);
    this.errors.push(`${response.status} ${JSON.stringify([...response.headers])} ${text}`);
  }

  /** A socket that must be closed after this first message; the reason is kept. */
  async closed(payload: Json): Promise<void> {
    const socket = new WebSocket(`${this.doors.shop.url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
    socket.on('message', (text: Buffer) => this.errors.push(text.toString()));
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    this.errors.push(`${code} ${reason.toString()}`);
  }

  /** The token of the newest mail to somebody under that subject. */
  async mailedToken(to: string, subject: string): Promise<string> {
    let token: string | undefined;
    await eventually(async () => {
      const response = await fetch(`${this.doors.shop.url}/dev/mailbox`, { headers: { accept: 'application/json' } });
      const { mails } = (await response.json()) as { mails: StoredMail[] };
      const mail = mails.find((one) => one.to === to && one.subject === subject);
      token = /\?token=([\w-]+)/.exec(mail?.text ?? '')?.[1];
      if (!token) throw new Error('no mail');
    }, 60_000);
    return token!;
  }
}
